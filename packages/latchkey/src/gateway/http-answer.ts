import type { ServerResponse } from 'node:http';
import type { Refusal } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { endsEvent, isEventStream } from '../core/event-stream.ts';
import { headerOf } from '../core/header-of.ts';
import type { OpenAnswer } from './open-answer.ts';

// Below this an answer of known length goes out as one write.
const SMALL_BODY = 16 * 1024;

/** What the gateway adds to an upstream's answer. */
export interface Finish {
  /** Answers with a refusal; only called before anything was sent. */
  refuse(refusal: Refusal): void;
  /** The last word on the headers. */
  finishHeaders(status: number, headers: readonly string[]): readonly string[];
  /** Milliseconds without a byte after which an open stream is closed. */
  readonly streamIdleMs: number;
}

/** The Answer of one HTTP request. Streams leave as they come; small bodies leave together with their headers. */
export class HttpAnswer implements Answer, OpenAnswer {
  readonly #response: ServerResponse;
  readonly #finish: Finish;
  #aborts: (() => void)[] | null = null;
  #state: 'new' | 'started' | 'over' = 'new';
  #aborted = false;
  #small = false;
  #held: Uint8Array | string | null = null;
  // Whether what was written of a stream so far ends with a whole event.
  #whole = false;
  #stream = false;

  constructor(response: ServerResponse, finish: Finish) {
    this.#response = response;
    this.#finish = finish;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get unread(): number {
    return this.#response.writableLength;
  }

  onAbort(handler: () => void): void {
    if (this.#aborted) handler();
    else (this.#aborts ??= []).push(handler);
  }

  onDrain(handler: () => void): void {
    this.#response.on('drain', handler);
  }

  start(status: number, headers: readonly string[]): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    this.#response.writeHead(status, this.#finish.finishHeaders(status, headers) as string[]);
    this.#small = isSmall(headers);
    if (this.#small) return;
    this.#response.flushHeaders();
    if (!isEventStream(headers)) return;
    this.#stream = this.#whole = true;
    this.#watchIdle();
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#state !== 'started') return false;
    if (this.#stream) this.#whole = endsEvent(chunk);
    if (!this.#small) return this.#response.write(chunk);
    this.#held = this.#held === null ? chunk : Buffer.concat([Buffer.from(this.#held), Buffer.from(chunk)]);
    return true;
  }

  end(chunk?: Uint8Array | string): void {
    if (this.#state !== 'started') return;
    if (chunk !== undefined) this.write(chunk);
    this.#state = 'over';
    // Headers and body together are one system call; as one string, Node joins them before it writes. In latin1 each
    // byte is one character, so the bytes stay what they were.
    if (this.#held === null) this.#response.end();
    else if (Buffer.isBuffer(this.#held)) this.#response.end(this.#held.toString('latin1'), 'latin1');
    else this.#response.end(this.#held);
  }

  fail(refusal: Refusal): void {
    if (this.#state === 'started') this.abort();
    if (this.#state !== 'new') return;
    this.#state = 'over';
    this.#finish.refuse(refusal);
  }

  abort(): void {
    if (this.#response.writableFinished) return;
    this.#state = 'over';
    // Ending would make a cut answer look whole: chunked framing then misses its last chunk.
    this.#response.destroy();
  }

  conclude(refusal: Refusal, event: string | null): void {
    if (this.#state === 'over') return;
    if (this.#state === 'started' && this.#whole) this.end(event === null ? undefined : `data: ${event}\n\n`);
    else this.fail(refusal);
    // What is behind the gateway learns that nobody waits any more.
    this.#leave();
  }

  closed(): boolean {
    if (!this.#response.writableFinished) this.#leave();
    return true;
  }

  #leave(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#state = 'over';
    for (const handler of this.#aborts?.splice(0) ?? []) handler();
  }

  #watchIdle(): void {
    this.#response.socket?.setTimeout(this.#finish.streamIdleMs);
    this.#response.once('timeout', () => this.abort());
  }
}

function isSmall(headers: readonly string[]): boolean {
  const length = headerOf(headers, 'content-length');
  return length !== null && Number(length) <= SMALL_BODY;
}
