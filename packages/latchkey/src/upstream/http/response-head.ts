import { headerOf } from '../../core/header-of.ts';

/** The head of an HTTP/1.1 response as the gateway understands it (RFC 9112 §4 to §6). */
export interface ResponseHead {
  /** 100 to 599. */
  readonly status: number;
  /** [name, value, …] in the order they came; names in lower case, values without the white space around them. */
  readonly headers: readonly string[];
  /** How the body ends: there is none, after `length` bytes, by its last chunk, or with the connection. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** Bytes of the body where the framing is `length`, else 0. */
  readonly length: number;
  /** Milliseconds for which the server says it keeps the connection: 0 when it closes it, Infinity when it does not say. */
  readonly keepAliveMs: number;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_LINE = /^[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^\d{1,15}$/;
const TIMEOUT = /(?:^|[,;\s])timeout=(\d{1,6})(?:$|[,;\s])/i;

// Read by one program from the first and by another from the last of two: such an answer has no meaning.
const SINGLE: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'content-type',
  'content-encoding',
  'mcp-session-id',
]);

/**
 * Reads a head that came without its empty line, one latin1 character a byte. Null for anything that two programs could
 * read in two ways: folded lines, bare line ends, white space before a colon, two lengths, a length beside an encoding, an
 * encoding other than `chunked`.
 */
export function parseResponseHead(text: string): ResponseHead | null {
  const lines = text.split('\r\n');
  const status = STATUS_LINE.exec(lines[0] as string);
  if (status === null) return null;
  const headers: string[] = [];
  for (let i = 1; i < lines.length; i += 1) {
    const line = lines[i] as string;
    if (!isFieldLine(line)) return null;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (SINGLE.has(name) && headerOf(headers, name) !== null) return null;
    headers.push(name, trimWhiteSpace(line, colon + 1));
  }
  return frame(Number(status[2]), status[1] === '1', headers);
}

/** Whether a line is a header or a trailer field, and no part of another. */
export function isFieldLine(line: string): boolean {
  return FIELD_LINE.test(line);
}

function frame(status: number, persistent: boolean, headers: readonly string[]): ResponseHead | null {
  const length = headerOf(headers, 'content-length');
  const encoding = headerOf(headers, 'transfer-encoding');
  if (length !== null && (encoding !== null || !LENGTH.test(length))) return null;
  if (encoding !== null && (!persistent || encoding.toLowerCase() !== 'chunked')) return null;
  const keepAliveMs = persistent ? toKeepAlive(headers) : 0;
  if (status < 200 || status === 204 || status === 304)
    return { status, headers, framing: 'none', length: 0, keepAliveMs };
  if (encoding !== null) return { status, headers, framing: 'chunked', length: 0, keepAliveMs };
  if (length !== null) return { status, headers, framing: 'length', length: Number(length), keepAliveMs };
  return { status, headers, framing: 'close', length: 0, keepAliveMs: 0 };
}

function toKeepAlive(headers: readonly string[]): number {
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i] === 'connection' && /close/i.test(headers[i + 1] as string)) return 0;
  const timeout = TIMEOUT.exec(headerOf(headers, 'keep-alive') ?? '');
  return timeout === null ? Infinity : Number(timeout[1]) * 1000;
}

// Not trim(): it also takes characters away that are part of a value.
function trimWhiteSpace(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isWhiteSpace(line.charCodeAt(start))) start += 1;
  while (end > start && isWhiteSpace(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
