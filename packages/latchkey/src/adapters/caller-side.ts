import type { ServerResponse } from 'node:http';
import type { Refusal } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { headerOf } from '../core/header-of.ts';
import type { Passage } from '../lock/passage.ts';
import { byName } from './by-name.ts';
import { cutAnswer } from './cut-answer.ts';
import { STAYING } from './staying-headers.ts';

// What a handler says of its connection is nothing that is shown to a caller.
const OF_CONNECTION = /^(?:connection|keep-alive)$/;
// Without chunks a stream would end with its connection, and look whole where it was cut.
const OF_STREAM = /^(?:transfer-encoding|trailer)$/;

type Method = (...given: readonly unknown[]) => unknown;

/** The methods that a response had before others took their place; the last is what middleware calls that ends with Node. */
export type Own = Readonly<Record<'writeHead' | 'write' | 'end' | 'flushHeaders' | '_implicitHeader', Method>>;

/** The response as its caller gets it, by the methods it has when this is made. */
export class CallerSide implements Answer {
  readonly own: Own;
  /** While one of `own` runs: the others that it calls are its own too. */
  within = false;
  /** Whether the response is its handler's again. */
  givenBack = false;
  readonly #response: ServerResponse;
  readonly #passage: Passage;
  #started = false;
  #over = false;

  constructor(response: ServerResponse, passage: Passage) {
    this.#response = response;
    this.#passage = passage;
    const { writeHead, write, end, flushHeaders, _implicitHeader } = response as unknown as Own;
    this.own = { writeHead, write, end, flushHeaders, _implicitHeader };
  }

  get aborted(): boolean {
    return this.#response.destroyed;
  }

  get headersSent(): boolean {
    return this.givenBack ? this.#response.headersSent : this.#started;
  }

  onAbort(handler: () => void): void {
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) handler();
    });
  }

  onDrain(handler: () => void): void {
    this.#response.on('drain', handler);
  }

  start(status: number, headers: readonly string[]): void {
    if (this.#started) return;
    const counted = headerOf(headers, 'content-length') !== null;
    for (const name of this.#response.getHeaderNames())
      if (!OF_CONNECTION.test(name) && (counted || !OF_STREAM.test(name))) this.#response.removeHeader(name);
    // Somebody may have told Node a length without a header.
    if (!counted) this.#response.removeHeader('content-length');
    this.#begin(status, headers);
  }

  write(chunk: Uint8Array | string): boolean {
    return !this.#over && this.#call('write', chunk) === true;
  }

  end(chunk?: Uint8Array | string): void {
    if (this.#over) return;
    this.#over = true;
    if (chunk === undefined) this.#call('end');
    else this.#call('end', chunk);
  }

  flush(): void {
    if (this.#started && !this.#over) this.#call('flushHeaders');
  }

  fail(refusal: Refusal): void {
    if (this.#over) return;
    if (this.#started) return this.abort();
    for (const name of this.#response.getHeaderNames()) if (!STAYING.test(name)) this.#response.removeHeader(name);
    const { status, headers, body } = this.#passage.refuse(refusal);
    const more = ['content-length', String(Buffer.byteLength(body))];
    this.#begin(status, [...headers, ...this.#passage.headers, ...more]);
    this.end(body);
  }

  abort(): void {
    this.#over = true;
    // Ending would make a cut answer look whole.
    cutAnswer(this.#response);
  }

  #begin(status: number, headers: readonly string[]): void {
    this.#started = true;
    // One by one: who stands before the handler may look at them before they leave.
    for (const [name, values] of byName(headers)) this.#response.setHeader(name, values);
    this.#call('writeHead', status);
  }

  #call(name: keyof Own, ...given: readonly unknown[]): unknown {
    const before = this.within;
    this.within = true;
    try {
      return this.own[name].apply(this.#response, given as unknown[]);
    } finally {
      this.within = before;
    }
  }
}
