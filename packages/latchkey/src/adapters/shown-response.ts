import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Answer } from '../core/upstream.ts';
import type { CallerSide, Own } from './caller-side.ts';

/** The methods of a response as its handler calls them: what they write goes to `shown`, and nothing to the caller. */
export class ShownResponse implements Own {
  readonly #response: ServerResponse;
  readonly #caller: CallerSide;
  readonly #shown: Answer;
  #started = false;
  #ended = false;
  #last: Uint8Array | string | null = null;

  constructor(response: ServerResponse, caller: CallerSide, shown: Answer) {
    this.#response = response;
    this.#caller = caller;
    this.#shown = shown;
  }

  /** Whether any of the answer was written. */
  get started(): boolean {
    return this.#started;
  }

  writeHead(status: unknown, ...rest: readonly unknown[]): ServerResponse {
    const response = this.#response;
    if (this.#started)
      throw Object.assign(new Error('The headers were written already.'), { code: 'ERR_HTTP_HEADERS_SENT' });
    response.statusCode = status as number;
    const [message, headers] = typeof rest[0] === 'string' ? rest : [undefined, rest[0] ?? rest[1]];
    if (message !== undefined) response.statusMessage = message as string;
    if (headers !== undefined) setHeaders(response, headers as Headers);
    this.#start();
    return response;
  }

  flushHeaders(): void {
    this.#begin();
    this.#caller.flush();
  }

  write(chunk: unknown, ...rest: readonly unknown[]): boolean {
    if (this.#ended) return false;
    this.#begin();
    const more = this.#shown.write(toBytes(chunk as Uint8Array | string, rest[0]));
    callLast(rest);
    return more;
  }

  end(...given: readonly unknown[]): ServerResponse {
    const response = this.#response;
    if (this.#ended) return response;
    const [first, encoding] = given;
    const bytes = isNothing(first) ? null : toBytes(first as Uint8Array | string, encoding);
    const callback = given.findLast((each) => typeof each === 'function');
    if (callback !== undefined) response.once('finish', callback as () => void);
    this.#last = bytes ?? '';
    this.#begin();
    this.#ended = true;
    if (bytes === null) this.#shown.end();
    else this.#shown.end(bytes);
    return response;
  }

  _implicitHeader(): void {
    this.#begin();
  }

  /** As Node does: who put a `writeHead` of its own before ours sets its headers there. */
  #begin(): void {
    if (!this.#started) this.#response.writeHead(this.#response.statusCode);
    this.#start();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    const headers = flatten(this.#response.getHeaders());
    // Node counts a body that comes in one piece.
    if (this.#last !== null && isCounted(this.#response))
      headers.push('content-length', String(Buffer.byteLength(this.#last)));
    this.#shown.start(this.#response.statusCode, headers);
  }
}

type Headers = OutgoingHttpHeaders | readonly (readonly [string, OutgoingHttpHeader])[] | readonly OutgoingHttpHeader[];

/** As `writeHead` takes them: an object, pairs, or a flat list. */
function setHeaders(response: ServerResponse, headers: Headers): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
    return;
  }
  const flat = (Array.isArray(headers[0]) ? headers.flat(1) : headers) as readonly string[];
  for (let i = 0; i < flat.length; i += 2) response.removeHeader(flat[i] as string);
  for (let i = 0; i < flat.length; i += 2) response.appendHeader(flat[i] as string, flat[i + 1] as string);
}

// Answers with these statuses have no body, not even an empty one (RFC 9110 §8.6).
function isCounted(response: ServerResponse): boolean {
  const { statusCode } = response;
  if (statusCode === 204 || statusCode === 304) return false;
  return !response.hasHeader('content-length') && !response.hasHeader('transfer-encoding');
}

function flatten(headers: OutgoingHttpHeaders): string[] {
  const flat: string[] = [];
  for (const [name, value] of Object.entries(headers))
    for (const each of Array.isArray(value) ? value : [value]) flat.push(name, String(each));
  return flat;
}

function toBytes(chunk: Uint8Array | string, encoding: unknown): Uint8Array | string {
  if (typeof chunk !== 'string') return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
  return typeof encoding === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk;
}

function isNothing(given: unknown): boolean {
  return given === undefined || given === null || typeof given === 'function';
}

function callLast(given: readonly unknown[]): void {
  const last = given.at(-1);
  if (typeof last === 'function') process.nextTick(last as () => void);
}
