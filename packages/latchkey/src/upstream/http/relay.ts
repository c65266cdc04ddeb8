import { refuse, type Reason } from '../../core/reason.ts';
import type { Answer, Forwardable } from '../../core/upstream.ts';
import type { Bounded, Deadlines } from '../deadlines.ts';
import { endsEvent, findEventEnd, toErrorEvent } from '../../core/event-stream.ts';
import { headerOf } from '../../core/header-of.ts';
import type { Connection, Receiver } from './connection.ts';
import { explainRefusal, isBare, judgeAnswer, passHeaders } from './passed-headers.ts';
import type { ResponseHead } from './response-head.ts';

export interface RelayOptions {
  /** Milliseconds for a whole answer, or for the head of a stream. */
  readonly callTimeoutMs: number;
  /** Milliseconds for the whole of a stream that answers a call; at least `callTimeoutMs`. Subscriptions have no end. */
  readonly callMaxMs: number;
  readonly maxResponseBytes: number;
}

/** Sends the request again where the server did not take its token; false where it should not be tried. */
export type TryAgain = () => boolean;

/** Carries one answer across, with back-pressure; a caller that leaves takes its request along. */
export class Relay implements Receiver, Bounded {
  slot = -1;
  deadline: number;
  readonly #request: Forwardable;
  readonly #answer: Answer;
  readonly #options: RelayOptions;
  /** Forgets it once the answer is all there, or is a stream that may last. */
  readonly #deadlines: Deadlines;
  /** Null where the request went without a token of its own, or went twice already. */
  readonly #again: TryAgain | null;
  readonly #withToken: boolean;
  #connection: Connection | null = null;
  #drainAsked = false;
  #started = false;
  #stream = false;
  /** True for a stream that answers no call, and so has no end of its own. */
  #lasting = false;
  #betweenEvents = true;
  #size = 0;

  constructor(
    request: Forwardable,
    answer: Answer,
    options: RelayOptions,
    deadlines: Deadlines,
    { again, withToken }: { readonly again: TryAgain | null; readonly withToken: boolean },
  ) {
    this.deadline = performance.now() + options.callTimeoutMs;
    this.#request = request;
    this.#answer = answer;
    this.#options = options;
    this.#deadlines = deadlines;
    this.#again = again;
    this.#withToken = withToken;
  }

  /** The connection that carries the request from here on. */
  travel(connection: Connection): void {
    this.#connection = connection;
    this.#answer.onAbort(() => this.#leave());
  }

  expire(): void {
    this.#giveUp('upstream-timeout', 'The server did not answer in time.');
  }

  onHead(head: ResponseHead): void {
    const type = (headerOf(head.headers, 'content-type') ?? '').toLowerCase();
    if (isBare(head, type, this.#request)) return this.#answerBare(head);
    const fault = judgeAnswer(head, type);
    if (fault !== null) {
      if (head.status !== 401 || this.#again === null || !this.#again()) {
        this.#answer.fail(refuse(fault, { detail: explainRefusal(head, this.#withToken) }));
      }
      this.#leave();
      return;
    }
    // The status is for the caller, a page or a stack trace is not.
    if (head.status >= 400 && !type.startsWith('application/json')) return this.#answerBare(head);
    this.#started = true;
    this.#stream = type.startsWith('text/event-stream');
    this.#lasting = this.#stream && isLasting(this.#request);
    if (this.#lasting) this.#deadlines.forget(this);
    else if (this.#stream) this.deadline += this.#options.callMaxMs - this.#options.callTimeoutMs;
    this.#answer.start(head.status, passHeaders(head.headers));
  }

  onBody(bytes: Buffer): boolean {
    if (!this.#started) return true;
    this.#size += bytes.length;
    if (!this.#lasting && this.#size > this.#options.maxResponseBytes) {
      this.#finishEvent(bytes);
      this.#giveUp('upstream-too-large', 'The answer of the server is too large.');
      return true;
    }
    if (this.#stream) this.#betweenEvents = endsEvent(bytes);
    // The next read goes into the same memory, while the answer may keep what it is given.
    if (this.#answer.write(Buffer.from(bytes))) return true;
    if (!this.#drainAsked) this.#answer.onDrain(() => this.#connection?.resume());
    this.#drainAsked = true;
    return false;
  }

  onEnd(): void {
    this.#connection = null;
    this.#deadlines.forget(this);
    if (this.#started) this.#answer.end();
  }

  onFail(reason: Reason, detail: string): void {
    this.#connection = null;
    this.#deadlines.forget(this);
    this.#answer.fail(refuse(reason, { detail }));
  }

  #answerBare({ status, headers }: ResponseHead): void {
    this.#answer.start(status, [...passHeaders(headers, true), ...(status === 204 ? [] : ['content-length', '0'])]);
    this.#answer.end();
  }

  // How reads fall is chance: an event under way is sent to its end where that is in these bytes.
  #finishEvent(bytes: Buffer): void {
    if (!this.#stream || this.#betweenEvents) return;
    const end = findEventEnd(bytes);
    if (end === -1) return;
    this.#answer.write(Buffer.from(bytes.subarray(0, end)));
    this.#betweenEvents = true;
  }

  // A client that reads a stream learns of the end from a response; one that is cut may wait for it, or come again.
  #giveUp(reason: Reason, text: string): void {
    const id = this.#request.message?.id ?? null;
    if (this.#stream && this.#betweenEvents && id !== null) this.#answer.end(toErrorEvent(id, text));
    else this.#answer.fail(refuse(reason));
    this.#leave();
  }

  #leave(): void {
    this.#deadlines.forget(this);
    this.#connection?.abandon();
    this.#connection = null;
  }
}

function isLasting({ httpMethod, message }: Forwardable): boolean {
  return httpMethod === 'GET' || message?.method === 'subscriptions/listen';
}
