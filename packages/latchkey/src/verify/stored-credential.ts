import type { Awaitable, CredentialRecord, CredentialStore } from '../core/store.ts';
import { findPrefix, parseCredential } from '../core/token-format.ts';
import type { CredentialReason, Verdict, Verifier } from '../core/verifier.ts';
import { type Held, judgeHeld, toHeld } from './held-credential.ts';
import { digestOf } from './mint.ts';
import { createUse, type Use, type UseCounter } from './use-counter.ts';

export interface StoredVerifierOptions {
  /** `Store.version`: asked on each request; cached verdicts hold only while it gives the same number. */
  readonly version: () => Awaitable<number>;
  /** Prefixes of the credentials this gateway issues, for example `['lk_', 'lkk_']`. */
  readonly prefixes: readonly string[];
  /** How many credentials are remembered. Default 10,000. */
  readonly cacheSize?: number;
  /** Told of each accepted credential. */
  readonly uses?: UseCounter;
}

interface Known extends Held {
  readonly use: Use;
}

const SKIP: Verdict = { kind: 'skip' };

/**
 * Verifies tokens and keys that this gateway issued. Answers without a promise where the store does. Expiry is judged on
 * each request, and revocation shows in `version`, so both hold at once. Throws when the store cannot be read.
 */
export function createStoredVerifier(
  store: Pick<CredentialStore, 'findByHash'>,
  options: StoredVerifierOptions,
): Verifier {
  const { version, prefixes, uses } = options;
  const cache = createCache(options.cacheSize ?? 10_000);

  const judge = (known: Known | null, server: string, now: number): Verdict => {
    if (known === null) return reject('credential-unknown');
    const reason = judgeHeld(known, server, now);
    if (reason !== null) return reject(reason);
    uses?.count(known.use, now);
    return { kind: 'accept', principal: known.principal };
  };

  const lookUp = (hash: string, at: number): Awaitable<Known | null> => {
    const found = store.findByHash(hash);
    return found instanceof Promise ? found.then((record) => cache.add(hash, record, at)) : cache.add(hash, found, at);
  };

  /** `kept` is what the cache held just now, of whichever version. */
  const verifyAt = (
    at: number,
    kept: Known | undefined,
    hash: string,
    server: string,
    now: number,
  ): Verdict | Promise<Verdict> => {
    const known = cache.isOf(at) && kept !== undefined ? kept : lookUp(hash, at);
    return known instanceof Promise ? known.then((settled) => judge(settled, server, now)) : judge(known, server, now);
  };

  return {
    name: 'stored-credential',
    verify(credential, server, now) {
      const text = credential.secret.reveal();
      if (findPrefix(text, prefixes) === null) return SKIP;
      const hash = digestOf(text);
      const kept = cache.get(hash);
      // What was found once has the form.
      if (kept === undefined && parseCredential(text, prefixes) === null) return reject('credential-malformed');
      const at = version();
      return at instanceof Promise
        ? at.then((settled) => verifyAt(settled, cache.get(hash), hash, server, now))
        : verifyAt(at, kept, hash, server, now);
    },
  };
}

/** Only credentials that exist are remembered, so that guessing cannot push them out. */
function createCache(size: number) {
  const entries = new Map<string, Known>();
  let current = Number.NaN;
  return {
    /** Of whichever version it is: ask `isOf` before it is used. */
    get: (hash: string): Known | undefined => entries.get(hash),
    /** Whether what is kept is of that version; else nothing is from now on. */
    isOf(version: number): boolean {
      if (version === current) return true;
      entries.clear();
      current = version;
      return false;
    },
    /** `version` was read before the record was, so a record that changed in between is never kept. */
    add(hash: string, record: CredentialRecord | null, version: number): Known | null {
      if (record === null) return null;
      const known = { ...toHeld(record), use: createUse(record.id) };
      if (version === current) {
        if (entries.size >= size) entries.delete(entries.keys().next().value!);
        entries.set(hash, known);
      }
      return known;
    },
  };
}

function reject(reason: CredentialReason): Verdict {
  return { kind: 'reject', reason };
}
