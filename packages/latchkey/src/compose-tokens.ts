import { isLive } from './core/credential-life.ts';
import type { Store } from './core/store.ts';
import { revokeCredential, rotateToken } from './credentials/change.ts';
import { checkName, checkScopes, checkServers, checkSpan, checkTtl } from './credentials/check.ts';
import { toDocument, toTime, type CredentialDocument } from './credentials/describe.ts';
import { findCredentials } from './credentials/find.ts';
import { issueCredential, type Issued } from './credentials/issue.ts';
import { createFaults } from './lock/faults.ts';
import { readChoice, readMembers, readTexts } from './lock/read-option.ts';
import { mintCredential } from './verify/mint.ts';

/** What credentials that a lock makes are like. */
export interface TokenSettings {
  readonly prefixes: { readonly token: string; readonly key: string };
  /** How long a token lives where its maker does not say, milliseconds. */
  readonly ttlMs: number;
  readonly now: () => number;
}

/** What a new credential may do, and for how long. */
export interface GrantOptions<Scope extends string = string> {
  /** 1 to 64 visible characters; of the living, one has it. */
  readonly name: string;
  /** Default: `*`, everything that no rule denies to all. */
  readonly scopes?: readonly (Scope | '*')[];
  /** Names of the servers it is for. Default: every server. */
  readonly servers?: readonly string[];
  /** How long it lives, such as `1h`. Default: that of the lock for tokens, `never` for keys. */
  readonly ttl?: string;
}

/** What a new API key may do, for how long, and who answers for it. */
export interface KeyOptions<Scope extends string = string> extends GrantOptions<Scope> {
  /** Who answers for it. */
  readonly owner: string;
}

/** A credential just made. Times are RFC 3339; null: it never ends. */
export interface NewToken {
  /** Shown this once, and kept nowhere. */
  readonly token: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt: string | null;
}

/** An API key just made. Times are RFC 3339; null: it never ends. */
export interface NewKey extends Omit<NewToken, 'token'> {
  /** Shown this once, and kept nowhere. */
  readonly key: string;
  readonly owner: string;
}

export interface RotatedToken extends NewToken {
  /** When the replaced token ends. */
  readonly predecessorExpiresAt: string | null;
}

interface Credentials {
  /** Those that live, oldest first; with `all` the dead too. */
  list(options?: { readonly all?: boolean }): Promise<readonly CredentialDocument[]>;
  /** Every one of that name, the newest first, the dead too. Throws E_CREDENTIAL_ABSENT. */
  show(name: string): Promise<readonly CredentialDocument[]>;
  /**
   * Ends it and every predecessor still in its grace, at once; its open streams end within a second. Returns what lived
   * until now. Throws E_CREDENTIAL_ABSENT or E_CREDENTIAL_DEAD.
   */
  revoke(name: string): Promise<readonly CredentialDocument[]>;
}

/** Tokens of a store. All that goes wrong is a LatchkeyError, but for options that are none: a TypeError. */
export interface Tokens<Scope extends string = string> extends Credentials {
  /** Makes a token. Throws E_NAME_INVALID, E_NAME_TAKEN or E_USAGE. */
  create(options: GrantOptions<Scope>): Promise<NewToken>;
  /**
   * Replaces a token; the old one still works for `grace` (default `10m`). The new one lives as long as the old one did,
   * unless `ttl` says otherwise. Throws E_CREDENTIAL_ABSENT or E_CREDENTIAL_DEAD.
   */
  rotate(name: string, options?: { readonly grace?: string; readonly ttl?: string }): Promise<RotatedToken>;
}

/** API keys of a store, which may last and have an owner. */
export interface Keys<Scope extends string = string> extends Credentials {
  /** Makes a key. Throws E_NAME_INVALID, E_NAME_TAKEN or E_USAGE. */
  create(options: KeyOptions<Scope>): Promise<NewKey>;
}

const GRANT = ['scopes', 'servers', 'ttl'];
/** Who changes credentials through a lock, in the trail. */
const ACTOR = 'library';

export function createTokens(store: Store, settings: TokenSettings): Tokens {
  const credentials = store.credentialsBy(ACTOR);
  return {
    ...createCredentials(store, 'token', settings.now),
    async create(options) {
      checkOptions('tokens.create', options, { needed: ['name'], known: GRANT });
      const { secret, record } = await issue(store, 'token', options, settings);
      const { name, scopes, expiresAt } = record;
      return { token: secret.reveal(), name, scopes, expiresAt: toTime(expiresAt) };
    },
    async rotate(given, options = {}) {
      checkOptions('tokens.rotate', options, { known: ['grace', 'ttl'] });
      const { grace = '10m', ttl } = options;
      const rotation = {
        name: readName('tokens.rotate', given, 'token'),
        graceMs: checkSpan(grace, 'grace'),
        ttlMs: ttl === undefined ? null : checkTtl(ttl, 'token', 'ttl'),
        defaultTtlMs: settings.ttlMs,
      };
      const making = { mint: mintCredential, prefix: settings.prefixes.token, now: settings.now() };
      const { secret, successor, predecessor } = await rotateToken(credentials, rotation, making);
      const { name, scopes, expiresAt } = successor;
      return {
        token: secret.reveal(),
        name,
        scopes,
        expiresAt: toTime(expiresAt),
        predecessorExpiresAt: toTime(predecessor.expiresAt),
      };
    },
  };
}

export function createKeys(store: Store, settings: TokenSettings): Keys {
  return {
    ...createCredentials(store, 'key', settings.now),
    async create(options) {
      checkOptions('keys.create', options, { needed: ['name', 'owner'], known: GRANT });
      const owner = checkName(options.owner, 'name of an owner');
      const { secret, record } = await issue(store, 'key', options, settings, owner);
      const { name, scopes, expiresAt } = record;
      return { key: secret.reveal(), name, owner, scopes, expiresAt: toTime(expiresAt) };
    },
  };
}

function createCredentials(store: Store, kind: 'token' | 'key', clock: () => number): Credentials {
  const credentials = store.credentialsBy(ACTOR);
  return {
    async list(options) {
      const all = readAll(`${kind}s.list`, options);
      const now = clock();
      const records = await credentials.list(kind);
      return records.filter((record) => all || isLive(record, now)).map((record) => toDocument(record, now));
    },
    async show(given) {
      const records = await findCredentials(credentials, { kind, name: readName(`${kind}s.show`, given, kind) });
      return records.map((record) => toDocument(record, clock()));
    },
    async revoke(given) {
      const name = readName(`${kind}s.revoke`, given, kind);
      const now = clock();
      const revoked = await revokeCredential(credentials, { kind, name }, now);
      return revoked.map((record) => toDocument(record, now));
    },
  };
}

async function issue(
  store: Store,
  kind: 'token' | 'key',
  options: GrantOptions,
  { prefixes, ttlMs, now }: TokenSettings,
  owner: string | null = null,
): Promise<Issued> {
  const { ttl } = options;
  const grant = {
    kind,
    name: checkName(options.name),
    owner,
    scopes: checkScopes(options.scopes ?? []),
    servers: checkServers(options.servers ?? [], null),
    ttlMs: ttl === undefined ? (kind === 'token' ? ttlMs : null) : checkTtl(ttl, kind, 'ttl'),
  };
  const making = { mint: mintCredential, prefix: prefixes[kind], now: now() };
  return issueCredential(store.credentialsBy(ACTOR), grant, making);
}

/** As names are kept: in Unicode's composed form. */
function readName(of: string, given: unknown, kind: 'token' | 'key'): string {
  if (typeof given !== 'string') throw new TypeError(`${of}: expected the name of a ${kind}`);
  return given.normalize('NFC');
}

function readAll(of: string, options: unknown): boolean {
  const faults = createFaults();
  const { all } = readMembers({ faults, path: '', value: options }, ['all']);
  const read = readChoice({ faults, path: 'all', value: all }, [false, true]);
  faults.throwAll(of);
  return read;
}

// A misspelt option would make a credential that may more, or lives longer, than was meant.
function checkOptions(of: string, options: object, { needed = [], known = [] }: Checked): void {
  const faults = createFaults();
  const members = readMembers({ faults, path: '', value: options }, [...needed, ...known]);
  for (const path of [...needed, ...known]) {
    const value = members[path];
    if (LISTS.has(path)) readTexts({ faults, path, value }, path, () => true);
    else if (typeof value !== 'string' && (value !== undefined || needed.includes(path)))
      faults.add(path, 'expected text');
  }
  faults.throwAll(of);
}

interface Checked {
  readonly needed?: readonly string[];
  readonly known?: readonly string[];
}

const LISTS: ReadonlySet<string> = new Set(['scopes', 'servers']);
