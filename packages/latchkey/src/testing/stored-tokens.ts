import { expectOptions, type KnownOptions } from '../core/expect-options.ts';
import type { NewCredential, Store } from '../core/store.ts';
import { digestOf, mintCredential } from '../verify/mint.ts';

/** What the made credentials have in common. */
export interface StoredTokensOptions {
  /** Default `token`; a `key` gets the owner `test`. */
  readonly kind?: 'token' | 'key';
  /** First characters of the credentials. Default `lk_` for tokens and `lkk_` for keys. */
  readonly prefix?: string;
  /** What the server under test gives rights for. Default `['*']`, every scope. */
  readonly scopes?: readonly string[];
}

/** What a credential has instead of what it would have; its name is `test-1` and so on, the next that is free. */
export type StoredToken = Partial<Pick<NewCredential, 'name' | 'owner' | 'scopes' | 'servers' | 'expiresAt'>>;

/** Makes one credential and returns its text. Rejects with TypeError where the name that it is given is taken. */
export type MakeStoredToken = (credential?: StoredToken) => Promise<string>;

/** One maker for each mistake; apart from it each credential is right. */
export interface StoredTokens {
  /** For an hour. */
  readonly valid: MakeStoredToken;
  /** Since an hour. */
  readonly expired: MakeStoredToken;
  readonly revoked: MakeStoredToken;
  /** Replaced by a successor, without a grace. */
  readonly rotated: MakeStoredToken;
  /** For another server. */
  readonly wrongAudience: MakeStoredToken;
  /** Good for what needs no scope: one for 403, not for 401. */
  readonly wrongScope: MakeStoredToken;
  /** Of the right form, and in no store. */
  readonly unknown: () => Promise<string>;
  /** One character is another one. */
  readonly mistyped: MakeStoredToken;
}

const HOUR = 3_600_000;

const CREDENTIAL: KnownOptions<StoredToken> = { name: null, owner: null, scopes: null, servers: null, expiresAt: null };

/** Tokens or keys in a store, right and wrong. A wrong one must get 401, unless said otherwise. */
export function createStoredTokens(store: Store, options: StoredTokensOptions = {}): StoredTokens {
  expectOptions('createStoredTokens', options, { kind: ['token', 'key'], prefix: null, scopes: null });
  const { kind = 'token', scopes = ['*'] } = options;
  const { prefix = kind === 'token' ? 'lk_' : 'lkk_' } = options;
  let serial = 0;

  const create = async (credential: StoredToken, now = Date.now()): Promise<string> => {
    expectOptions('the credential', credential, CREDENTIAL);
    const { secret, hash, hint } = mintCredential(prefix);
    const preset = { kind, owner: kind === 'key' ? 'test' : null, scopes, servers: null, expiresAt: now + HOUR };
    for (;;) {
      const made = { ...preset, ...credential, name: credential.name ?? `test-${++serial}`, hash, hint };
      if ((await store.credentials.create(made, now)) !== 'name-taken') return secret.reveal();
      // Another maker for the same store has it, or an earlier run.
      if (credential.name === undefined) continue;
      throw new TypeError(`There is a live ${kind} with the name ${made.name} already`);
    }
  };

  return {
    valid: (credential = {}) => create(credential),
    expired: (credential = {}) => create(credential, Date.now() - 2 * HOUR),
    async revoked(credential = {}) {
      const text = await create(credential);
      await store.credentials.revoke({ hash: digestOf(text) }, Date.now());
      return text;
    },
    async rotated(credential = {}) {
      const text = await create(credential);
      const { hash, hint } = mintCredential(prefix);
      const now = Date.now();
      await store.credentials.rotate({ hash: digestOf(text) }, { hash, hint, expiresAt: now + HOUR }, 0, now);
      return text;
    },
    wrongAudience: (credential) => create({ servers: ['latchkey-testing-other'], ...credential }),
    wrongScope: (credential) => create({ scopes: ['latchkey-testing:nothing'], ...credential }),
    unknown: async () => mintCredential(prefix).secret.reveal(),
    async mistyped(credential = {}) {
      const text = await create(credential);
      return text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');
    },
  };
}
