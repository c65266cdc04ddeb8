import { deliver, printJson, say, toJson } from '../output.ts';
import { checkSpan, checkTtl } from '../../credentials/check.ts';
import { revokeCredential as endCredential, rotateToken as replaceToken } from '../../credentials/change.ts';
import { toDistance, toTime } from '../../credentials/describe.ts';
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
  const { mintCredential: mint } = await import('../../compose-store.ts');

  await withStore({ ...flags, store: settings.folder }, async (store) => {
    const rotation = { name, graceMs, ttlMs, defaultTtlMs: settings.tokenTtlMs };
    const making = { mint, prefix: settings.prefixes.token, now };
    const { secret, predecessor, successor } = await replaceToken(store.credentials, rotation, making);
    const { scopes, expiresAt } = successor;
    const times = { expiresAt: toTime(expiresAt), predecessorExpiresAt: toTime(predecessor.expiresAt) };
    const token = secret.reveal();
    const old =
      graceMs === 0
        ? 'The old one no longer works.'
        : `The old one still works: it ends ${toDistance(predecessor.expiresAt, now)}.`;
    const text = flags.json ? toJson({ name, token, scopes, ...times }) : `${token}\n`;
    await deliver(text, `The successor of "${name}"`, () => `${old} \`latchkey token rotate\` again makes another.`);
    if (flags.json) return;
    say(`Replaced the token "${name}"; the new one ends ${toDistance(expiresAt, now)} and is shown this once.`);
    say(old);
  });
}

/** Ends the credential and every predecessor still in its grace, at once. */
export async function revokeCredential(kind: 'token' | 'key', given: string, flags: StoreFlags): Promise<void> {
  const name = given.normalize('NFC');
  const now = Date.now();
  await withStore(flags, async (store) => {
    const revoked = await endCredential(store.credentials, { kind, name }, now);
    if (flags.json) return printJson({ name, revoked: revoked.map(({ id, hint }) => ({ id, hint })) });
    const older = revoked.length > 1 ? `, and ${revoked.length - 1} older in grace with it` : '';
    say(
      `Revoked the ${kind} "${name}"${older}. It lets nobody in from now on, and its open streams end within a second.`,
    );
  });
}
