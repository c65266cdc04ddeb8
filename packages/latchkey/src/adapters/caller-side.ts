import type { ServerResponse } from 'node:http';
import type { Refusal } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import type { Passage } from '../lock/passage.ts';
import { byName } from './by-name.ts';

// Set for whatever is answered, by who stands before the handler.
const STAYING = /^(?:access-control-|vary$)/;

/** The response as its caller gets it, by the methods it had when this was made: others may be put in their place. */
export class CallerSide implements Answer {
  readonly #response: ServerResponse;
  readonly #passage: Passage;
  readonly #writeHead: (status: number) => unknown;
  readonly #write: (chunk: Uint8Array | string) => boolean;
  readonly #end: (chunk?: Uint8Array | string) => unknown;
  readonly #flush: () => void;
  #started = false;
  #over = false;

  constructor(response: ServerResponse, passage: Passage) {
    this.#response = response;
    this.#passage = passage;
    this.#writeHead = response.writeHead.bind(response);
    this.#write = response.write.bind(response);
    this.#end = response.end.bind(response);
    this.#flush = response.flushHeaders.bind(response);
  }

  get aborted(): boolean {
    return this.#response.destroyed;
  }

  get headersSent(): boolean {
    return this.#started;
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
    for (const name of this.#response.getHeaderNames()) this.#response.removeHeader(name);
    this.#begin(status, headers);
  }

  write(chunk: Uint8Array | string): boolean {
    return !this.#over && this.#write(chunk);
  }

  end(chunk?: Uint8Array | string): void {
    if (this.#over) return;
    this.#over = true;
    if (chunk === undefined) this.#end();
    else this.#end(chunk);
  }

  flush(): void {
    if (this.#started && !this.#over) this.#flush();
  }

  fail(refusal: Refusal): void {
    if (this.#over) return;
    if (this.#started) return this.abort();
    for (const name of this.#response.getHeaderNames()) if (!STAYING.test(name)) this.#response.removeHeader(name);
    const { status, headers, body } = this.#passage.refuse(refusal);
    this.#begin(status, [...headers, 'content-length', String(Buffer.byteLength(body))]);
    this.end(body);
  }

  abort(): void {
    this.#over = true;
    // Ending would make a cut answer look whole.
    this.#response.destroy();
  }

  #begin(status: number, headers: readonly string[]): void {
    this.#started = true;
    // One by one: who stands before the handler may look at them before they leave.
    for (const [name, values] of byName(headers)) this.#response.setHeader(name, values);
    this.#writeHead(status);
  }
}
