import type { IncomingMessage } from 'node:http';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Awaitable } from '../core/store.ts';
import { appendPiece, checkPieces, type BodyBounds } from '../lock/body-pieces.ts';

/**
 * Reads the whole body and puts it back, so that whoever reads the request afterwards gets the bytes that were judged, and
 * its end. Gives a refusal where the body is refused, does not come in time, or its sender leaves. Throws where somebody
 * had it decoded to text.
 */
export function readBody(request: IncomingMessage, bounds: BodyBounds): Awaitable<Uint8Array | Refusal> {
  if (request.readableEncoding !== null) throw new TypeError(DECODED);
  // Somebody waited for its end, and there was nothing to read.
  if (request.readableEnded) return NO_BYTES;
  // How many pieces a body without a length comes in is up to its sender: they are counted from the first.
  if (request.headers['content-length'] === undefined) return collect(request, bounds);
  return takeWhole(request, bounds) ?? readSoon(request, bounds);
}

/**
 * Reads along with who listened to the body before, from its first byte. It cannot be put back, since they would get it
 * twice: handlers have the message that was judged.
 */
export function readAlong(
  request: IncomingMessage,
  { limitBytes, timeoutMs }: BodyBounds,
): Promise<Uint8Array | Refusal> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) return resolve(refuse('caller-gone'));
    let body: Uint8Array | null = null;
    let size = 0;
    let pieces = 0;
    const settle = (result: Uint8Array | Refusal | TypeError): void => {
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
      body = appendPiece(body, size, chunk, limitBytes);
      size += chunk.length;
    };
    const end = (): void => settle(withoutTrailers(request, body === null ? NO_BYTES : body.subarray(0, size)));
    const leave = (): void => settle(refuse('caller-gone'));
    const timer = setTimeout(() => settle(refuse('body-timeout')), timeoutMs);
    request.on('data', take).on('end', end).on('close', leave).resume();
  });
}

const NO_BYTES = new Uint8Array(0);
const DECODED = 'The body was decoded before Latchkey could judge it.';

/** Most bodies come with their head: they are there when Node is done with what it read from the socket. */
function readSoon(request: IncomingMessage, bounds: BodyBounds): Promise<Uint8Array | Refusal> {
  return Promise.resolve().then(() => takeWhole(request, bounds) ?? collect(request, bounds));
}

/** The body where all of it is there: no listener, no timer. Each request that had one lived through collections of garbage. */
function takeWhole(request: IncomingMessage, { limitBytes }: BodyBounds): Uint8Array | Refusal | null {
  if (request.destroyed) return refuse('caller-gone');
  const length = Number(request.headers['content-length']);
  if (request.readableLength !== length || length > limitBytes) return null;
  const body = request.read(length) as Buffer | null;
  return body === null ? NO_BYTES : giveBack(request, body);
}

/** Waits for what comes, in any number of pieces. */
function collect(request: IncomingMessage, { limitBytes, timeoutMs }: BodyBounds): Promise<Uint8Array | Refusal> {
  return new Promise((resolve) => {
    const push = request.push;
    let body: Uint8Array | null = null;
    let size = 0;
    let pieces = 0;
    let whole = request.complete;

    const settle = (result: Uint8Array | Refusal): void => {
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
        body = appendPiece(body, size, chunk, limitBytes);
        size += chunk.length;
      }
      if (whole) settle(giveBack(request, body === null ? NO_BYTES : body.subarray(0, size)));
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

function giveBack(request: IncomingMessage, body: Uint8Array): Uint8Array | Refusal {
  const judged = withoutTrailers(request, body);
  if (judged === body && body.length > 0) request.unshift(body);
  return judged;
}

/** Headers that come after everything was judged by them. A request that never was on a wire has none. */
function withoutTrailers(request: IncomingMessage, body: Uint8Array): Uint8Array | Refusal {
  return (request.rawTrailers ?? []).length > 0 ? refuse('framing', { detail: 'trailers' }) : body;
}
