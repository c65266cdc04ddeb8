import type { Holder } from '../../core/claims.ts';
import type { Verdict } from '../../core/verifier.ts';
import type { JwtIssuer } from './jwt-issuer.ts';
import type { VerificationKey } from './verification-key.ts';

/** A token whose signature and claims were judged once: what is left is the moment, the resource and the key. */
export interface Judged {
  readonly issuer: JwtIssuer;
  readonly key: VerificationKey;
  readonly holder: Holder;
  readonly accept: Verdict;
}

/** The newest tokens that were accepted, by digest. Only those get in, so that nobody can push them out by guessing. */
export interface VerdictCache {
  get(digest: string): Judged | undefined;
  add(digest: string, judged: Judged): void;
  remove(digest: string): void;
}

export function createVerdictCache(size: number): VerdictCache {
  const entries = new Map<string, Judged>();
  return {
    get: (digest) => entries.get(digest),
    add(digest, judged) {
      if (!entries.has(digest) && entries.size >= size) entries.delete(entries.keys().next().value as string);
      entries.set(digest, judged);
    },
    remove: (digest) => void entries.delete(digest),
  };
}
