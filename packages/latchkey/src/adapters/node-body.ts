import type { IncomingMessage } from 'node:http';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Awaitable } from '../core/store.ts';
import { checkPieces } from '../lock/body-pieces.ts';

/** How much of a body may come, and until when. */
interface Bounds {
  readonly limitBytes: number;
  readonly timeoutMs: number;
}

/**
 * Reads the whole body and puts it back, so that whoever reads the request afterwards gets the bytes that were judged, and
 * its end. Gives a refusal where the body is refused, does not come in time, or its sender leaves. Throws where somebody
 * had it decoded to text.
 */
export function readBody(request: IncomingMessage, bounds: Bounds): Awaitable<Buffer | Refusal> {
  if (request.readableEncoding !== null) throw new TypeError(DECODED);
  // Somebody waited for its end, and there was nothing to read.
  if (request.readableEnded) return Buffer.alloc(0);
  // How many pieces a body without a length comes in is up to its sender: they are counted from the first.
  if (request.headers['content-length'] === undefined) return collect(request, bounds);
  return takeWhole(request, bounds) ?? readSoon(request, bounds);
}

/**
 * Reads along with who listened to the body before, from its first byte. It cannot be put back, since they would get it
 * twice: handlers have the message that was judged.
 */
export function readAlong(request: IncomingMessage, { limitBytes, timeoutMs }: Bounds): Promise<Buffer | Refusal> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) return resolve(refuse('caller-gone'));
    let body: Buffer | null = null;
    let size = 0;
    let pieces = 0;
    const settle = (result: Buffer | Refusal | TypeError): void => {
      clearTimeout(timer);
      request.off('data', take).off('end', end).off('close', leave);
      if (result instanceof TypeError) reject(result);
      else resolve(result);
    };
    const take = (chunk: Buffer | string): void => {
      if (typeof chunk === 'string') return settle(new TypeError(DECODED));
      pieces += 1;
      const refusal = checkPieces(size + chunk.length, pieces, limitBytes);
      if (refusal !== null) return settle(refusal);
      body = append(body, size, chunk, limitBytes);
      size += chunk.length;
    };
    const end = (): void => settle(withoutTrailers(request, body === null ? Buffer.alloc(0) : body.subarray(0, size)));
    const leave = (): void => settle(refuse('caller-gone'));
    const timer = setTimeout(() => settle(refuse('body-timeout')), timeoutMs);
    request.on('data', take).on('end', end).on('close', leave).resume();
  });
}

const DECODED = 'The body was decoded before Latchkey could judge it.';

/** Most bodies come with their head: they are there when Node is done with what it read from the socket. */
function readSoon(request: IncomingMessage, bounds: Bounds): Promise<Buffer | Refusal> {
  return Promise.resolve().then(() => takeWhole(request, bounds) ?? collect(request, bounds));
}

/** The body where all of it is there: no listener, no timer. Each request that had one lived through collections of garbage. */
function takeWhole(request: IncomingMessage, { limitBytes }: Bounds): Buffer | Refusal | null {
  if (request.destroyed) return refuse('caller-gone');
  const length = Number(request.headers['content-length']);
  if (request.readableLength !== length || length > limitBytes) return null;
  const body = request.read(length) as Buffer | null;
  return body === null ? Buffer.alloc(0) : giveBack(request, body);
}

/** Waits for what comes, in any number of pieces. */
function collect(request: IncomingMessage, { limitBytes, timeoutMs }: Bounds): Promise<Buffer | Refusal> {
  return new Promise((resolve) => {
    const push = request.push;
    let body: Buffer | null = null;
    let size = 0;
    let pieces = 0;
    let whole = request.complete;

    const settle = (result: Buffer | Refusal): void => {
      clearTimeout(timer);
      request.push = push;
      request.off('readable', take).off('close', leave);
      resolve(result);
    };
    const leave = (): void => settle(refuse('caller-gone'));
    const take = (): void => {
      const chunk = request.read() as Buffer | null;
      if (chunk !== null) {
        const refusal = checkPieces(size + chunk.length, pieces, limitBytes);
        if (refusal !== null) return settle(refusal);
        body = append(body, size, chunk, limitBytes);
        size += chunk.length;
      }
      if (whole) settle(giveBack(request, body === null ? Buffer.alloc(0) : body.subarray(0, size)));
    };

    const timer = setTimeout(() => settle(refuse('body-timeout')), timeoutMs);
    // What is read at once came in any number of pieces, and that nothing more comes is known before `end` tells of it:
    // after `end` nothing can be put back.
    request.push = (piece: unknown, encoding?: BufferEncoding) => {
      if (piece === null) whole = true;
      else pieces += 1;
      return push.call(request, piece, encoding);
    };
    request.on('readable', take).on('close', leave);
  });
}

function giveBack(request: IncomingMessage, body: Buffer): Buffer | Refusal {
  const judged = withoutTrailers(request, body);
  if (judged === body && body.length > 0) request.unshift(body);
  return judged;
}

/** Headers that come after everything was judged by them. A request that never was on a wire has none. */
function withoutTrailers(request: IncomingMessage, body: Buffer): Buffer | Refusal {
  return (request.rawTrailers ?? []).length > 0 ? refuse('framing', { detail: 'trailers' }) : body;
}

/** Copies into a buffer that doubles: a piece that is kept as it is keeps all that was read from the socket with it. */
function append(body: Buffer | null, size: number, chunk: Buffer, limit: number): Buffer {
  if (body === null) return chunk;
  let target = body;
  if (size + chunk.length > body.length) {
    target = Buffer.allocUnsafe(Math.max(size + chunk.length, Math.min(2 * body.length, limit)));
    body.copy(target, 0, 0, size);
  }
  chunk.copy(target, size);
  return target;
}
