import type { Principal } from '../../core/principal.ts';
import type { Verifier } from '../../core/verifier.ts';
import { digestOf } from '../mint.ts';
import { isRejection, type Answers } from './answers.ts';

/** A verifier whose issuer is asked again while streams of its principals are open. */
export interface AskingVerifier extends Verifier {
  /**
   * When that principal ends: epoch milliseconds, null for never, 0 at once; undefined when it is of another verifier.
   * Answers at once; asks the issuer in the background before what is known grows too old.
   */
  endOf(principal: Principal, now: number): number | null | undefined;
}

export interface Watch extends Pick<AskingVerifier, 'endOf'> {
  /** Notes by which token a principal was proved. */
  note(principal: Principal, token: string): void;
}

/** Asked about this long before the answer is too old, so that a slow issuer ends no stream. */
const AHEAD_MS = 15_000;
/** Without a word of the issuer a stream goes on for this long after the last answer was too old. */
const SILENCE_MS = 60_000;

interface Watched {
  readonly token: string;
  goodAt: number;
}

/** Tells when principals end, by what the issuer says of their tokens now. */
export function createWatch(answers: Answers<{ readonly kind: string }>): Watch {
  const watched = new WeakMap<Principal, Watched>();
  return {
    note(principal, token) {
      if (!watched.has(principal)) watched.set(principal, { token, goodAt: Number.NaN });
    },
    endOf(principal, now) {
      const found = watched.get(principal);
      if (found === undefined) return undefined;
      const digest = digestOf(found.token);
      const known = answers.peek(digest, now);
      if (known !== undefined && isRejection(known) && known.reason !== 'issuer-unavailable') return 0;
      if (answers.peek(digest, now + AHEAD_MS) === undefined) answers.get(found.token, digest, now).catch(() => {});
      if (Number.isNaN(found.goodAt) || (known !== undefined && !isRejection(known))) found.goodAt = now;
      return Math.abs(now - found.goodAt) > SILENCE_MS ? 0 : principal.expiresAt;
    },
  };
}
