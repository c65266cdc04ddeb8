import { refuse, type Refusal } from '../core/reason.ts';
import type { Asking } from './asking.ts';
import type { LockState } from './lock-state.ts';

/** Calls per credential. Limits of a single tool come with its rule, in `authorizeMessage`. */
export function limitCalls(state: LockState, { principal, startedAt }: Asking): Refusal | null {
  if (principal === null) return refuse('internal');
  const wait = state.callLimiter.take(principal.id, startedAt);
  return wait > 0 ? refuse('limit-principal', { retryAfterSeconds: wait / 1000 }) : null;
}
