import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { defaultStoreFolder } from '../../config/store-folder.ts';
import { LatchkeyError } from '../../core/error.ts';
import type { Store } from '../../core/store.ts';
import { isStoreUrl } from '../../core/store-url.ts';

/** Flags that every command on the store has. */
export interface StoreFlags {
  readonly store?: string;
  readonly config?: string;
  readonly json?: true;
}

export interface CredentialSettings {
  readonly folder: string;
  readonly prefixes: { readonly token: string; readonly key: string };
  readonly tokenTtlMs: number;
  /** Null where no configuration names them. */
  readonly servers: readonly string[] | null;
}

const DEFAULT_FILE = 'latchkey.yaml';
const DAY_MS = 86_400_000;

/** What `run` in this folder would use: of the given or the present configuration file, else of the defaults. */
export async function loadSettings(flags: StoreFlags): Promise<CredentialSettings> {
  const file = flags.config ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  if (file === undefined) {
    const folder = flags.store ?? defaultStoreFolder();
    return { folder, prefixes: { token: 'lk_', key: 'lkk_' }, tokenTtlMs: DAY_MS, servers: null };
  }
  const { requireConfig } = await import('../../config/load-config.ts');
  const input = flags.store === undefined ? {} : { store: flags.store };
  const { config } = requireConfig({ file, env: process.env, flags: input });
  const { tokens, keys } = config.auth;
  return {
    folder: flags.store ?? config.store,
    prefixes: { token: tokens.prefix, key: keys.prefix },
    tokenTtlMs: tokens.ttlMs,
    servers: config.servers.map((server) => server.name),
  };
}

/**
 * Opens the store for `work` and closes it after; changes go to the trail as the local user's. One that is missing is made
 * only with `make`: else a mistyped --store would look like an empty one. With --store no configuration is read: a bad
 * one hinders no revocation.
 */
export async function withStore<T>(
  flags: StoreFlags,
  work: (store: Store) => Promise<T>,
  { make = false }: { readonly make?: boolean } = {},
): Promise<T> {
  const folder = flags.store ?? (await loadSettings(flags)).folder;
  if (isStoreUrl(folder)) throw noFolder();
  const { openStore, requireStore } = await import('../../compose-store.ts');
  if (!make) requireStore(folder);
  const store = await openStore(folder);
  try {
    const actor = `user:${localUser()}`;
    return await work({ ...store, credentials: store.credentialsBy(actor), pins: store.pinsBy(actor) });
  } finally {
    await store.close();
  }
}

// Without the URL, which may have a password in it.
function noFolder(): LatchkeyError {
  return new LatchkeyError('E_CONFIG_INVALID', 'The store is a URL; this version keeps its store in a directory.', {
    hint: 'Give --store a directory.',
  });
}

function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A user of no name, as in many containers.
    return String(process.getuid?.() ?? 'unknown');
  }
}
