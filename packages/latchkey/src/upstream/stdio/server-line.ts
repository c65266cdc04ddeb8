import { bytesOf } from '../../core/bytes.ts';
import { isSame } from '../../core/json-shape.ts';
import type { Range } from '../../core/message.ts';
import type { Log } from '../../core/log.ts';

/** What a line of a server says, found without building objects. Ranges point into `bytes`. */
export interface ServerLine {
  readonly bytes: Buffer;
  /** Empty for a response. */
  method: string;
  id: Range | null;
  params: Range | null;
  result: Range | null;
  error: Range | null;
  /** `error.code` */
  code: Range | null;
  /** `params._meta` or `result._meta` */
  meta: Range | null;
  /** `params.progressToken` */
  progressToken: Range | null;
  /** `params.requestId` */
  requestId: Range | null;
  /** `params.uri` */
  uri: Range | null;
  /** `_meta["io.modelcontextprotocol/subscriptionId"]` of params or result */
  subscriptionId: Range | null;
  /** `_meta["io.modelcontextprotocol/serverInfo"]` of the result */
  serverInfo: Range | null;
  resultType: Range | null;
  ttlMs: Range | null;
  cacheScope: Range | null;
}

type Slot = Exclude<keyof ServerLine, 'bytes' | 'method'>;
interface Wanted {
  readonly key: Uint8Array;
  readonly slot: Slot | 'method';
  readonly inside: Wants | null;
}
type Wants = readonly Wanted[];

const META: Wants = [
  want('io.modelcontextprotocol/subscriptionId', 'subscriptionId'),
  want('io.modelcontextprotocol/serverInfo', 'serverInfo'),
];
const TOP: Wants = [
  want('id', 'id'),
  want('method', 'method'),
  want('result', 'result', [
    want('_meta', 'meta', META),
    want('resultType', 'resultType'),
    want('ttlMs', 'ttlMs'),
    want('cacheScope', 'cacheScope'),
  ]),
  want('params', 'params', [
    want('_meta', 'meta', META),
    want('progressToken', 'progressToken'),
    want('requestId', 'requestId'),
    want('uri', 'uri'),
  ]),
  want('error', 'error', [want('code', 'code')]),
];

function want(key: string, slot: Wanted['slot'], inside: Wants | null = null): Wanted {
  return { key: bytesOf(key), slot, inside };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/** As `readServerLine`; the log is told of what is neither a message nor empty. */
export function hearServerLine(bytes: Buffer, log: Log): ServerLine | null {
  const line = readServerLine(bytes);
  if (line === null && bytes.length > 0)
    log('warn', 'The server wrote a line that is not a message; it was dropped', { bytes: bytes.length });
  return line;
}

/**
 * Reads a line of a server, or null when it is not a JSON-RPC message in the shape of one object. It checks only the
 * structure it walks through: what a server says is not judged, only routed, and the caller's own parser reads it.
 */
export function readServerLine(bytes: Buffer): ServerLine | null {
  const line: ServerLine = {
    bytes,
    method: '',
    id: null,
    params: null,
    result: null,
    error: null,
    code: null,
    meta: null,
    progressToken: null,
    requestId: null,
    uri: null,
    subscriptionId: null,
    serverInfo: null,
    resultType: null,
    ttlMs: null,
    cacheScope: null,
  };
  const end = readObject(line, skipSpace(bytes, 0), TOP);
  if (skipSpace(bytes, end) !== bytes.length) return null;
  const response = line.result !== null || line.error !== null;
  return response === (line.method === '') ? line : null;
}

/** Reads the object at `at`; returns where it ends, or -1. */
function readObject(line: ServerLine, at: number, wants: Wants): number {
  const { bytes } = line;
  if (bytes[at] !== OPEN) return -1;
  let next = skipSpace(bytes, at + 1);
  if (bytes[next] === CLOSE) return next + 1;
  for (;;) {
    if (bytes[next] !== QUOTE) return -1;
    const keyEnd = skipString(bytes, next);
    const colon = skipSpace(bytes, keyEnd);
    if (bytes[colon] !== COLON) return -1;
    const wanted = find(wants, bytes, next + 1, keyEnd - 1);
    next = skipSpace(bytes, readMember(line, skipSpace(bytes, colon + 1), wanted));
    if (bytes[next] === CLOSE) return next + 1;
    if (bytes[next] !== COMMA) return -1;
    next = skipSpace(bytes, next + 1);
  }
}

/** The one with the key that stands between two places, without making a text of it: most are none of ours. */
function find(wants: Wants, bytes: Buffer, start: number, end: number): Wanted | null {
  for (let i = 0; i < wants.length; i += 1) {
    const wanted = wants[i] as Wanted;
    if (isSame(wanted.key, bytes, start, end)) return wanted;
  }
  return null;
}

function readMember(line: ServerLine, start: number, wanted: Wanted | null): number {
  if (wanted === null) return skipValue(line.bytes, start);
  const inside = line.bytes[start] === OPEN ? wanted.inside : null;
  const end = inside === null ? skipValue(line.bytes, start) : readObject(line, start, inside);
  if (wanted.slot === 'method')
    line.method = line.bytes[start] === QUOTE ? line.bytes.toString('utf8', start + 1, end - 1) : '';
  else line[wanted.slot] = { start, end };
  return end;
}

/** Returns where the value that starts at `start` ends, or -1. */
function skipValue(bytes: Buffer, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return skipString(bytes, start);
  if (first === OPEN || first === OPEN_LIST) return skipNested(bytes, start);
  let at = start;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === COMMA || byte === CLOSE || byte === CLOSE_LIST || byte <= 0x20) break;
  }
  return at === start ? -1 : at;
}

function skipNested(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = skipString(bytes, at) - 1;
      if (at < 0) return -1;
    } else if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE || byte === CLOSE_LIST) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

// Long strings (a picture in base64) are left to the runtime's search; for short ones a loop is quicker than the call.
const SHORT = 48;

/** Returns the place after the closing quote of the string that starts at `start`, or -1. */
function skipString(bytes: Buffer, start: number): number {
  const near = Math.min(start + SHORT, bytes.length);
  for (let at = start + 1; at < near; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at += 1;
  }
  return skipLongString(bytes, start);
}

function skipLongString(bytes: Buffer, start: number): number {
  for (let quote = bytes.indexOf(QUOTE, start + 1); quote !== -1; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let slashes = quote;
    while (bytes[slashes - 1] === BACKSLASH) slashes -= 1;
    if ((quote - slashes) % 2 === 0) return quote + 1;
  }
  return -1;
}

// Nothing stands at -1, so it stays there: one check of structure serves every failure.
function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== 0x0a) break;
  }
  return at;
}
