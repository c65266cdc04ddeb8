import type { Message } from '../core/message.ts';
import type { Rule } from '../core/policy.ts';
import type { Principal } from '../core/principal.ts';
import type { Refusal } from '../core/reason.ts';
import type { Era } from '../core/revision.ts';
import type { Caller } from './callers.ts';
import type { RequestHeaders } from './request-headers.ts';

/** One request while it is judged, whoever received it. Each step fills in what it found. */
export interface Asking {
  readonly requestId: string;
  readonly startedAt: number;
  readonly httpMethod: string;
  /** Empty where whoever received it cannot tell: then limits of addresses do not hold. */
  address: string;
  /** True when the bytes crossed a network unencrypted. */
  clear: boolean;
  headers: RequestHeaders;
  principal: Principal | null;
  /** What is remembered of it; null until a credential proved who it is. */
  caller: Caller | null;
  /** What the caller's next DPoP proof should carry; null where the answer need not say. */
  proofNonce: string | null;
  failuresExceeded: number;
  message: Message | null;
  era: Era;
  rule: Rule | null;
  /** True for the long-lived kinds: the GET stream and subscriptions/listen. */
  stream: boolean;
  /** True while it asks for a session that is not there yet. */
  opening: boolean;
  /** Set with the refusal. */
  outcome: Refusal | null;
  /** True when it had a credential that anyone could read on the way. */
  exposed: boolean;
  /** What its next record tells of; null where that is all of it. */
  phase: 'begun' | 'ended' | null;
}

/** `null`: go on to the next step. */
export type StepResult = Refusal | null | Promise<Refusal | null>;

/** The next step, where the one before refused nothing; without a promise where there is none. */
export function andThen(first: StepResult, step: () => StepResult): StepResult {
  if (first instanceof Promise) return first.then((refusal) => refusal ?? step());
  return first ?? step();
}
