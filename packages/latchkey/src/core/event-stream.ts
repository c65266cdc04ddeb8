// Event streams (WHATWG HTML §9.2.6).
import { headerOf } from './header-of.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Of an event stream that is for its caller alone, and that no proxy is to collect. */
export const STREAM_HEADERS: readonly string[] = [
  'content-type',
  'text/event-stream',
  'cache-control',
  'no-store, no-transform',
  'x-accel-buffering',
  'no',
];

/** Whether an answer with these headers is an event stream; types have no case (RFC 9110 §8.3.1). */
export function isEventStream(headers: readonly string[]): boolean {
  return (headerOf(headers, 'content-type') ?? '').toLowerCase().startsWith('text/event-stream');
}

/** Whether an event stream that ends with these bytes stands between two events; false when in doubt. */
export function endsEvent(chunk: Uint8Array | string): boolean {
  if (typeof chunk === 'string') return chunk.endsWith('\n\n') || chunk.endsWith('\n\r\n');
  if (chunk.at(-1) !== NEWLINE) return false;
  return chunk.at(-2) === NEWLINE || (chunk.at(-2) === RETURN && chunk.at(-3) === NEWLINE);
}

/** A JSON-RPC error as one event. `id` is exact JSON text. */
export function toErrorEvent(id: string, message: string): string {
  return `event: message\ndata: {"jsonrpc":"2.0","id":${id},"error":{"code":-32603,"message":${JSON.stringify(message)}}}\n\n`;
}

/** Where the first event that ends in these bytes ends; -1 when none does. */
export function findEventEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) {
    if (bytes[at + 1] === NEWLINE) return at + 2;
    if (bytes[at + 1] === RETURN && bytes[at + 2] === NEWLINE) return at + 3;
  }
  return -1;
}
