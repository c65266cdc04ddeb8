import type { IncomingMessage } from 'node:http';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Incoming } from '../lock/incoming.ts';
import type { Framing } from '../lock/request-headers.ts';
import type { DoorSettings } from './door-options.ts';
import { readAlong, readBody } from './node-body.ts';

/** What a framework knows better than Node of a request. */
export interface Seen {
  /** In origin form, as it was sent. */
  readonly target: string;
  readonly address: string;
  readonly encrypted: boolean;
  /** What a body parser made of the body; undefined where none did. */
  readonly parsed: unknown;
  /** Whether the framework reads the request after it was judged, so that nobody may have had its body before. */
  readonly rereads?: boolean;
}

export interface NodeIncoming extends Incoming {
  /** Lets who listened to the body before have it. To be called when the request was judged. */
  release(): void;
}

/** A request that Node received, for a guard. */
export function toIncoming(
  request: IncomingMessage,
  seen: Seen,
  { bodyTimeoutMs: timeoutMs }: DoorSettings,
): NodeIncoming {
  const { target, address, encrypted } = seen;
  const { rawHeaders, httpVersionMajor, httpVersionMinor } = framingOf(request);
  const held = hold(request);
  return {
    request,
    method: request.method ?? '',
    target,
    rawHeaders,
    httpVersionMajor,
    httpVersionMinor,
    address,
    encrypted,
    // What a parser says of a body that nobody read yet is no more than its default.
    readBody: (limitBytes) => {
      if (request.readableDidRead) return bytesOf(seen.parsed, limitBytes);
      const bounds = { limitBytes, timeoutMs };
      if (!held) return readBody(request, bounds);
      if (seen.rereads === true) throw new TypeError('Somebody listens to the body before Latchkey could judge it.');
      return readAlong(request, bounds);
    },
    release: () => void (held && request.isPaused() && request.resume()),
  };
}

/** HTTP/2 frames by itself, and has the host in a header of its own (RFC 9113 §8.3.1). */
export function framingOf(request: IncomingMessage): Omit<Framing, 'method'> {
  const { rawHeaders, httpVersionMajor } = request;
  // Node puts `headers` together when somebody looks at them.
  if (httpVersionMajor === 1) return request;
  const { headers } = request;
  const kept = rawHeaders.filter((_each, i) => !(rawHeaders[i - (i % 2)] as string).startsWith(':'));
  const authority = headers[':authority'];
  if (typeof authority === 'string' && headers.host !== authority) kept.push('host', authority);
  // Of a body without a length it tells by no header, where HTTP/1 must.
  const { stream } = request as { stream?: { readonly endAfterHeaders: boolean } };
  if (stream?.endAfterHeaders === false && headers['content-length'] === undefined)
    kept.push('transfer-encoding', 'chunked');
  return { rawHeaders: kept, httpVersionMajor: 1, httpVersionMinor: 1 };
}

/** Whether somebody listens to a body of which nothing was read yet; it waits then, so that its beginning is not missed. */
function hold(request: IncomingMessage): boolean {
  if (request.readableFlowing !== true || request.readableDidRead || request.readableEncoding !== null) return false;
  if (request.listenerCount('data') > 0) request.pause();
  return request.isPaused();
}

/** The bytes of which a handler would get just this: its own are gone. */
function bytesOf(parsed: unknown, limitBytes: number): Uint8Array | Refusal {
  if (parsed === undefined) throw new TypeError('The body was read before Latchkey could judge it.');
  const bytes = parsed instanceof Uint8Array ? parsed : Buffer.from(toText(parsed));
  return bytes.length > limitBytes ? refuse('body-too-large') : bytes;
}

function toText(parsed: unknown): string {
  if (typeof parsed === 'string') return parsed;
  try {
    return JSON.stringify(parsed);
  } catch {
    // Deeper than the scanner goes anyway.
    return '';
  }
}
