import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Passage } from '../lock/passage.ts';
import { CallerSide, type Own } from './caller-side.ts';

/** A response that was taken over. */
export interface Taken {
  readonly caller: CallerSide;
  /** Whether any of the answer was written. */
  started(): boolean;
  /** Undoes it: what is written from now on goes to the caller as it is. */
  giveBack(): void;
}

/** Has everything that is written to the response go through `show` first. */
export function takeOver(request: IncomingMessage, response: ServerResponse, passage: Passage): Taken {
  const before = TAKEN.map((name) => [name, Object.getOwnPropertyDescriptor(response, name)] as const);
  const caller = new CallerSide(response, passage);
  const shown = passage.show(caller);
  let started = false;
  let ended = false;
  let last: Uint8Array | string | null = null;

  const start = (): void => {
    if (started) return;
    started = true;
    const headers = flatten(response.getHeaders());
    // Node counts a body that comes in one piece.
    if (last !== null && isCounted(response)) headers.push('content-length', String(Buffer.byteLength(last)));
    shown.start(response.statusCode, headers);
  };

  /** As Node does: who put a `writeHead` of its own before ours sets its headers there. */
  const begin = (): void => {
    if (!started) response.writeHead(response.statusCode);
    start();
  };

  const put: Own = {
    writeHead(status, ...rest) {
      if (started)
        throw Object.assign(new Error('The headers were written already.'), { code: 'ERR_HTTP_HEADERS_SENT' });
      response.statusCode = status as number;
      const [message, headers] = typeof rest[0] === 'string' ? rest : [undefined, rest[0] ?? rest[1]];
      if (message !== undefined) response.statusMessage = message as string;
      if (headers !== undefined) setHeaders(response, headers as Headers);
      start();
      return response;
    },
    flushHeaders() {
      begin();
      caller.flush();
    },
    write(chunk, ...rest) {
      if (ended) return false;
      begin();
      const more = shown.write(toBytes(chunk as Uint8Array | string, rest[0]));
      callLast(rest);
      return more;
    },
    end(...given) {
      if (ended) return response;
      const [first, encoding] = given;
      const bytes = isNothing(first) ? null : toBytes(first as Uint8Array | string, encoding);
      const callback = given.findLast((each) => typeof each === 'function');
      if (callback !== undefined) response.once('finish', callback as () => void);
      last = bytes ?? '';
      begin();
      ended = true;
      if (bytes === null) shown.end();
      else shown.end(bytes);
      return response;
    },
    _implicitHeader: begin,
  };
  for (const name of Object.keys(put) as (keyof Own)[])
    Object.assign(response, {
      [name]: (...given: readonly unknown[]) =>
        caller.within ? caller.own[name].apply(response, given as unknown[]) : put[name](...given),
    });
  Object.defineProperty(response, 'headersSent', {
    configurable: true,
    get: () => (caller.within ? caller.headersSent : started),
  });
  // What has to be looked at cannot be looked at when it is compressed.
  delete request.headers['accept-encoding'];
  return {
    caller,
    started: () => started,
    giveBack() {
      before.forEach(([name, own]) => restore(response, name, own));
      caller.givenBack = true;
    },
  };
}

const TAKEN = ['writeHead', 'write', 'end', 'flushHeaders', '_implicitHeader', 'headersSent'] as const;

function restore(response: ServerResponse, name: (typeof TAKEN)[number], own: PropertyDescriptor | undefined): void {
  if (own === undefined) Reflect.deleteProperty(response, name);
  else Object.defineProperty(response, name, own);
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
