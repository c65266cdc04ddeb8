import { print, printJson, say } from '../output.ts';
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
  const { secret, record } = await withStore(
    { ...flags, store: settings.folder },
    (store) => issueCredential(store.credentials, { kind, name, owner, scopes, servers, ttlMs }, making),
    { make: true },
  );
  const { expiresAt } = record;

  if (flags.json) {
    const shown = {
      name,
      ...(owner === null ? {} : { owner }),
      [kind]: secret.reveal(),
      scopes,
      expiresAt: toTime(expiresAt),
    };
    printJson(shown);
  } else print(`${secret.reveal()}\n`);
  if (flags.scope.length === 0)
    say(`Without --scope it has the scope "*": it may do everything that no rule denies to all.`);
  if (flags.json) return;
  say(
    `Made the ${kind} "${name}" with ${listScopes(scopes)}; it ${expiresAt === null ? 'never ends' : `ends ${toDistance(expiresAt, now)}`}. It is shown this once.`,
  );
}
