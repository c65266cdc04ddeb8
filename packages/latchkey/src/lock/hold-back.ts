import type { Refusal } from '../core/reason.ts';
import type { Asking } from './asking.ts';

const HELD_MS = 100;

/**
 * Gives the refusal to an address that is over a limit 100 ms later: who asks again as soon as it is answered then asks
 * ten times a second on each connection, not thousands of times, and the others hardly notice.
 */
export function holdBack(asking: Asking, refusal: Refusal): Promise<Refusal> {
  // The trail has it also when the caller does not wait.
  asking.outcome = refusal;
  return new Promise((resolve) => setTimeout(resolve, HELD_MS, refusal));
}
