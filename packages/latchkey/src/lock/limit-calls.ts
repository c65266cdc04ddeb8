import { takeCell } from '../core/gcra.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Asking } from './asking.ts';
import type { LockState } from './lock-state.ts';

/** Calls per credential. Limits of a single tool come with its rule, in `authorizeMessage`. */
export function limitCalls({ lock, callers }: LockState, asking: Asking): Refusal | null {
  const { principal, startedAt } = asking;
  if (principal === null) return refuse('internal');
  const caller = asking.caller ?? callers.of(principal.id, startedAt);
  const { wait, tat } = takeCell(lock.limits.callsPerCredential, caller.tat, startedAt);
  caller.tat = tat;
  return wait > 0 ? refuse('limit-principal', { retryAfterSeconds: wait / 1000 }) : null;
}
