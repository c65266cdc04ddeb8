import type { Message } from '../core/message.ts';
import type { Principal } from '../core/principal.ts';
import type { Refusal } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import type { WireAnswer } from '../core/wire.ts';
import type { Awaitable } from '../core/store.ts';
import type { Incoming } from './incoming.ts';

/** Judges requests to one route, or to one MCP endpoint. Never throws and never rejects. */
export interface Guard {
  /** Judges one request; at once where nothing has to be waited for. */
  admit(incoming: Incoming): Awaitable<Admission>;
  /** Refuses a request that its door could not describe, for what it threw: that goes to `onError`. */
  fail(httpMethod: string, error: unknown): Refused;
}

/** What a guard decided of a request. */
export type Admission = Passage | Refused;

/** The answer to a request that is not let in, or that no server needs to see. The trail has it already. */
export interface Refused {
  readonly kind: 'refused';
  readonly answer: WireAnswer;
}

/** A request that is let in. Whoever serves it must call `finish` once. */
export interface Passage {
  readonly kind: 'passed';
  readonly principal: Principal;
  /** What was judged, at an MCP endpoint; `bytes` of it, and nothing else, is what the server may read. Null for no body. */
  readonly message: Message | null;
  /** Headers for the answer, besides its own: [name, value, …]. */
  readonly headers: readonly string[];
  /** Whether the answer may go to the caller as it is; else it must go through `show`. */
  readonly whole: boolean;
  /** Where the server puts its answer, so that `to` gets the part of it that this caller may see. */
  show(to: Answer): Answer;
  /** What the caller is told where the server's answer cannot be shown to it; the trail will have the reason. */
  refuse(refusal: Refusal): WireAnswer;
  /** Tells how to cut the answer when the caller's credential ends before it does. */
  onEnded(cut: () => void): void;
  /** The answer is over, with this status; or its caller went, with the status sent so far (0: none). */
  finish(status: number): void;
}
