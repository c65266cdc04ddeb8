import { refuse, type Refusal } from '../core/reason.ts';
import type { Asking } from './asking.ts';
import { holdBack } from './hold-back.ts';
import type { LockState } from './lock-state.ts';
import { networkOf } from './network.ts';

/** Requests per address. Failed credentials of the address are looked at here and judged by `identify`. */
export function limitAddress(state: LockState, asking: Asking): Promise<Refusal> | null {
  if (asking.address === '') return null;
  const network = networkOf(asking.address);
  const wait = state.requestLimiter.take(network, asking.startedAt);
  if (wait > 0) return holdBack(asking, refuse('limit-address', { retryAfterSeconds: wait / 1000 }));
  asking.failuresExceeded = state.failureLimiter.peek(network, asking.startedAt);
  return null;
}
