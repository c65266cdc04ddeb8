import type { CredentialRecord, Store } from '../../core/store.ts';
import { print, printJson, say } from '../output.ts';
import { checkSpan, checkTtl } from './check.ts';
import { absent, dead, toDistance, toTime } from './describe.ts';
import { loadSettings, withStore, type StoreFlags } from './settings.ts';

export interface RotateFlags extends StoreFlags {
  readonly grace: string;
  readonly ttl?: string;
}

/** Issues the successor, shows it once, and ends the old token after the grace. */
export async function rotateToken(given: string, flags: RotateFlags): Promise<void> {
  const graceMs = checkSpan(flags.grace, '--grace');
  const settings = await loadSettings(flags);
  const ttlMs = flags.ttl === undefined ? null : checkTtl(flags.ttl, 'token');
  const name = given.normalize('NFC');
  const now = Date.now();
  const { mintCredential } = await import('../../compose-store.ts');

  await withStore({ ...flags, store: settings.folder }, async (store) => {
    const found = await findNewest(store, 'token', name);
    const { secret, hash, hint } = mintCredential(settings.prefixes.token);
    const expiresAt =
      now + (ttlMs ?? (found.expiresAt === null ? settings.tokenTtlMs : found.expiresAt - found.createdAt));
    const outcome = await store.credentials.rotate({ kind: 'token', name }, { hash, hint, expiresAt }, graceMs, now);
    if (outcome.kind !== 'rotated') throw dead(found, now);
    const { predecessor, successor } = outcome;
    if (flags.json) {
      const { scopes } = successor;
      const times = { expiresAt: toTime(expiresAt), predecessorExpiresAt: toTime(predecessor.expiresAt) };
      return printJson({ name, token: secret.reveal(), scopes, ...times });
    }
    print(`${secret.reveal()}\n`);
    say(`Replaced the token "${name}"; the new one ends ${toDistance(expiresAt, now)} and is shown this once.`);
    say(
      graceMs === 0
        ? 'The old one no longer works.'
        : `The old one still works: it ends ${toDistance(predecessor.expiresAt, now)}.`,
    );
  });
}

/** Ends the credential and every predecessor still in its grace, at once. */
export async function revokeCredential(kind: 'token' | 'key', given: string, flags: StoreFlags): Promise<void> {
  const name = given.normalize('NFC');
  const now = Date.now();
  await withStore(flags, async (store) => {
    const found = await findNewest(store, kind, name);
    const revoked = await store.credentials.revoke({ kind, name }, now);
    if (revoked.length === 0) throw dead(found, now);
    if (flags.json) return printJson({ name, revoked: revoked.map(({ id, hint }) => ({ id, hint })) });
    const older = revoked.length > 1 ? `, and ${revoked.length - 1} older in grace with it` : '';
    say(
      `Revoked the ${kind} "${name}"${older}. It lets nobody in from now on, and its open streams end within a second.`,
    );
  });
}

async function findNewest(store: Store, kind: 'token' | 'key', name: string): Promise<CredentialRecord> {
  const found = await store.credentials.findByName(kind, name);
  if (found === null) throw absent(kind, name, await store.credentials.list(kind));
  return found;
}
