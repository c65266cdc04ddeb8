import { LEEWAY_MS } from '../../core/claims.ts';
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
/** However often ends are asked for: an issuer that does not answer is asked no more often. */
const ASK_EVERY_MS = 1000;
/** Without a word of the issuer a stream goes on for this long after the last answer was too old. */
const SILENCE_MS = 60_000;

interface Watched {
  readonly token: string;
  readonly digest: string;
  goodAt: number;
  askedAt: number;
}

/** Tells when principals end, by what the issuer says of their tokens now. */
export function createWatch(answers: Answers<{ readonly kind: string }>): Watch {
  const watched = new WeakMap<Principal, Watched>();
  return {
    note(principal, token) {
      if (!watched.has(principal))
        watched.set(principal, {
          token,
          digest: digestOf(token),
          goodAt: Number.NaN,
          askedAt: Number.NEGATIVE_INFINITY,
        });
    },
    endOf(principal, now) {
      const found = watched.get(principal);
      if (found === undefined) return undefined;
      const known = answers.peek(found.digest, now);
      if (known !== undefined && isRejection(known) && known.reason !== 'issuer-unavailable') return 0;
      const due = Math.abs(now - found.askedAt) >= ASK_EVERY_MS;
      if (due && answers.peek(found.digest, aheadOf(principal, now)) === undefined) {
        found.askedAt = now;
        answers.get(found.token, found.digest, now).catch(() => {});
      }
      if (Number.isNaN(found.goodAt) || (known !== undefined && !isRejection(known))) found.goodAt = now;
      return Math.abs(now - found.goodAt) > SILENCE_MS ? 0 : principal.expiresAt;
    },
  };
}

/** No answer is taken beyond the end of the token, so before that there is nothing to ask. */
function aheadOf({ expiresAt }: Principal, now: number): number {
  const last = expiresAt === null ? Infinity : expiresAt - LEEWAY_MS - 1;
  return Math.max(now, Math.min(now + AHEAD_MS, last));
}
