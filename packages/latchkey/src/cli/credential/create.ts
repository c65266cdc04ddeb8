import { LatchkeyError } from '../../core/error.ts';
import type { Secret } from '../../core/secret.ts';
import type { CredentialRecord, CredentialStore } from '../../core/store.ts';
import { deliver, say, toJson } from '../output.ts';
import { checkName, checkScopes, checkServers, checkTtl } from '../../credentials/check.ts';
import { issueCredential } from '../../credentials/issue.ts';
import { listScopes, toDistance, toTime } from '../../credentials/describe.ts';
import { loadSettings, withStore, type StoreFlags } from './settings.ts';

export interface CreateFlags extends StoreFlags {
  readonly scope: readonly string[];
  readonly server: readonly string[];
  readonly ttl?: string;
  /** Keys only. */
  readonly owner?: string;
}

/** Makes a token or key and shows it once: alone on standard output, so that a shell can take it. */
export async function createCredential(kind: 'token' | 'key', given: string, flags: CreateFlags): Promise<void> {
  const name = checkName(given);
  const owner = flags.owner === undefined ? null : checkName(flags.owner, 'name of an owner');
  const scopes = checkScopes(flags.scope);
  const settings = await loadSettings(flags);
  const servers = checkServers(flags.server, settings.servers);
  const defaultTtlMs = kind === 'token' ? settings.tokenTtlMs : null;
  const ttlMs = flags.ttl === undefined ? defaultTtlMs : checkTtl(flags.ttl, kind);
  const now = Date.now();

  const { mintCredential: mint } = await import('../../compose-store.ts');
  const making = { mint, prefix: settings.prefixes[kind], now };
  const { expiresAt } = await withStore(
    { ...flags, store: settings.folder },
    async ({ credentials }) => {
      const grant = { kind, name, owner, scopes, servers, ttlMs };
      const { secret, record } = await issueCredential(credentials, grant, making);
      const text = flags.json ? toJson(describe(secret, record)) : `${secret.reveal()}\n`;
      await deliver(text, `The ${kind} "${name}"`, () => takeBack(credentials, record));
      return record;
    },
    { make: true },
  );

  if (flags.scope.length === 0)
    say(`Without --scope it has the scope "*": it may do everything that no rule denies to all.`);
  if (flags.json) return;
  say(
    `Made the ${kind} "${name}" with ${listScopes(scopes)}; it ${expiresAt === null ? 'never ends' : `ends ${toDistance(expiresAt, now)}`}. It is shown this once.`,
  );
}

function describe(secret: Secret, { kind, name, owner, scopes, expiresAt }: CredentialRecord): object {
  const owned = owner === null ? {} : { owner };
  return { name, ...owned, [kind]: secret.reveal(), scopes, expiresAt: toTime(expiresAt) };
}

/** What nobody was shown must let nobody in. Says what is to be done. */
async function takeBack(store: CredentialStore, { kind, name }: CredentialRecord): Promise<string> {
  try {
    await store.revoke({ kind, name }, Date.now());
  } catch (error) {
    const done = error instanceof LatchkeyError && error.code === 'E_TRAIL_UNWRITTEN';
    if (!done) return `It works and nobody has it: \`latchkey ${kind} revoke\` ends it.`;
  }
  return 'It was revoked, and its name is free: make room, or send the output elsewhere, and make it again.';
}
