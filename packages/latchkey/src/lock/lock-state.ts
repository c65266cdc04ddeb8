import type { Rule } from '../core/policy.ts';
import { createAnonymous, EVERY_SCOPE, type Principal } from '../core/principal.ts';
import type { Rate } from '../core/gcra.ts';
import type { Verifier } from '../core/verifier.ts';
import { type Callers, createCallers } from './callers.ts';
import { createLimiter, type Limiter } from './limiter.ts';

/** What decides, besides the policy of the server that is asked. */
export interface LockOptions {
  /** Null when authentication is off: then every caller is `anonymous`. */
  readonly verifier: Verifier | null;
  /** Who a caller without a credential is; null means 401. */
  readonly anonymous: Principal | null;
  /** Whether who comes in clear text is refused from this machine too, and without a credential. */
  readonly encryptedOnly: boolean;
  readonly unknownTokenStatus: 401 | 403;
  /** Signature algorithms of DPoP proofs, parted by spaces, for challenges; null where no credential is bound to a key. */
  readonly proofAlgorithms: string | null;
  readonly limits: LockLimits;
}

export interface LockLimits {
  readonly requestsPerAddress: Rate;
  readonly failedPerAddress: Rate;
  readonly callsPerCredential: Rate;
}

/** What the steps share from one request to the next. */
export interface LockState {
  readonly lock: LockOptions;
  readonly requestLimiter: Limiter;
  readonly failureLimiter: Limiter;
  readonly callers: Callers;
  /** Who everybody is while authentication is off. */
  readonly everyone: Principal;
  limiterOf(rule: Rule): Limiter;
}

export function createLockState(lock: LockOptions): LockState {
  const { limits } = lock;
  const ruleLimiters = new WeakMap<Rule, Limiter>();
  return {
    lock,
    requestLimiter: createLimiter(limits.requestsPerAddress),
    failureLimiter: createLimiter(limits.failedPerAddress),
    callers: createCallers(),
    everyone: createAnonymous([EVERY_SCOPE]),
    limiterOf(rule) {
      let limiter = ruleLimiters.get(rule);
      if (limiter === undefined) {
        limiter = createLimiter(rule.limit ?? limits.callsPerCredential);
        ruleLimiters.set(rule, limiter);
      }
      return limiter;
    },
  };
}
