import type { Principal } from '../core/principal.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import { VERDICT_HOLDS_MS } from '../core/verifier.ts';
import type { Asking, StepResult } from './asking.ts';
import type { EndOf } from './answers-under-way.ts';

/**
 * Whether who was identified may still be let in. What had to be waited for since (a body, a list of the server) gave the
 * credential time to end: its end is asked for again, unless hardly any time passed.
 */
export function confirmCaller(endOf: EndOf, asking: Asking, now: () => number): StepResult {
  const { principal, startedAt } = asking;
  // The clock may have been set back meanwhile.
  if (principal === null || Math.abs(now() - startedAt) < VERDICT_HOLDS_MS) return null;
  return ask(endOf, principal, now);
}

async function ask(endOf: EndOf, principal: Principal, now: () => number): Promise<Refusal | null> {
  try {
    const end = await endOf(principal);
    if (end === 0) return refuse('credential-revoked');
    return end !== null && end <= now() ? refuse('credential-expired') : null;
  } catch {
    return refuse('store-unavailable', { retryAfterSeconds: 1 });
  }
}
