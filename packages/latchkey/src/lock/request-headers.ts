import { refuse, type Refusal } from '../core/reason.ts';

/** The headers that decide anything, read once from the raw list: what Node merges or drops stays visible here. */
export interface RequestHeaders {
  host: string | null;
  origin: string | null;
  authorization: string | null;
  apiKey: string | null;
  dpop: string | null;
  contentType: string | null;
  contentLength: string | null;
  contentEncoding: string | null;
  transferEncoding: string | null;
  accept: string | null;
  protocolVersion: string | null;
  mcpMethod: string | null;
  mcpName: string | null;
  sessionId: string | null;
  connection: string | null;
  expect: string | null;
  lastEventId: string | null;
  upgrade: string | null;
  forwardedFor: string | null;
  forwardedProto: string | null;
  /** [name, value, …] of what may pass to the upstream. */
  passed: string[];
  /** True when one of host, origin, authorization, x-api-key, dpop, content-length or transfer-encoding came twice. */
  repeated: boolean;
  /** True when a header that decides came with `_` for `-`, as programs that make variables of headers read it. */
  lookAlike: boolean;
}

const CONNECTION_OPTIONS = new Set(['keep-alive', 'close', 'upgrade', 'http2-settings', 'te']);
const DECIDING =
  /^(?:x-(?:api-key|forwarded-(?:for|proto))|content-(?:length|type|encoding)|transfer-encoding|mcp-.+)$/;
const MAX_HEADERS = 100;

export function readHeaders(raw: readonly string[]): RequestHeaders {
  const found = emptyHeaders();
  for (let i = 0; i < raw.length; i += 2) readHeader(found, (raw[i] as string).toLowerCase(), raw[i + 1] as string);
  return found;
}

function readHeader(found: RequestHeaders, name: string, value: string): void {
  switch (name) {
    case 'host':
      found.host = once(found, found.host, value);
      return;
    case 'origin':
      found.origin = once(found, found.origin, value);
      return;
    case 'authorization':
      found.authorization = once(found, found.authorization, value);
      return;
    case 'x-api-key':
      found.apiKey = once(found, found.apiKey, value);
      return;
    case 'dpop':
      found.dpop = once(found, found.dpop, value);
      return;
    case 'content-length':
      found.contentLength = once(found, found.contentLength, value);
      return;
    case 'transfer-encoding':
      found.transferEncoding = once(found, found.transferEncoding, value);
      return;
    case 'content-type':
      found.contentType = joined(found.contentType, value);
      return;
    case 'content-encoding':
      found.contentEncoding = joined(found.contentEncoding, value);
      return;
    case 'accept':
      found.accept = joined(found.accept, value);
      return;
    case 'mcp-protocol-version':
      found.protocolVersion = joined(found.protocolVersion, value);
      return;
    case 'mcp-method':
      found.mcpMethod = joined(found.mcpMethod, value);
      return;
    case 'mcp-name':
      found.mcpName = joined(found.mcpName, value);
      return;
    case 'mcp-session-id':
      found.sessionId = joined(found.sessionId, value);
      return;
    case 'connection':
      found.connection = joined(found.connection, value);
      return;
    case 'last-event-id':
      found.lastEventId = joined(found.lastEventId, value);
      return;
    case 'expect':
      found.expect = joined(found.expect, value);
      return;
    case 'upgrade':
      found.upgrade = joined(found.upgrade, value);
      return;
    case 'x-forwarded-for':
      found.forwardedFor = joined(found.forwardedFor, value);
      return;
    case 'x-forwarded-proto':
      found.forwardedProto = joined(found.forwardedProto, value);
      return;
    // Not identity, not credentials, not hop-by-hop: with parameters the only headers of a client that an upstream ever sees.
    case 'accept-language':
    case 'user-agent':
    case 'traceparent':
    case 'tracestate':
    case 'baggage':
      found.passed.push(name, value);
      return;
    default:
      if (name.startsWith('mcp-param-')) found.passed.push(name, value);
      else if (name.includes('_') && DECIDING.test(name.replaceAll('_', '-'))) found.lookAlike = true;
  }
}

/** Whether somebody who reads these headers has a credential. */
export function carriesCredential({ authorization, apiKey }: RequestHeaders): boolean {
  return authorization !== null || apiKey !== null;
}

/** The request line and how many headers came, as Node's IncomingMessage has them. */
export interface Framing {
  readonly method?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
}

/** What makes a request one that two HTTP programs could frame or route differently. */
export function checkFraming(headers: RequestHeaders, request: Framing): Refusal | null {
  const refusal = checkAmbiguous(headers, request.rawHeaders);
  if (refusal !== null) return refusal;
  const detail = faultOf(headers, request);
  return detail === null ? null : refuse('framing', { detail });
}

/** What makes headers such that two programs could read them differently. */
export function checkAmbiguous(headers: RequestHeaders, raw: readonly string[]): Refusal | null {
  if (raw.length > MAX_HEADERS * 2) return refuse('headers-too-large', { detail: 'too many headers' });
  if (headers.repeated) return refuse('header-repeated');
  return headers.lookAlike ? refuse('framing', { detail: 'look-alike of a header' }) : null;
}

function faultOf(headers: RequestHeaders, request: Framing): string | null {
  const { transferEncoding, contentLength, connection, expect } = headers;
  if (transferEncoding !== null && transferEncoding !== 'chunked') return 'transfer-encoding';
  if (transferEncoding !== null && contentLength !== null) return 'two lengths';
  // A zero in front is an octal number to some.
  if (contentLength !== null && !/^(?:0|[1-9][0-9]{0,14})$/.test(contentLength)) return 'content-length';
  // Some programs take no body for these whatever the headers say, and would read it as the next request.
  if (request.method !== 'POST' && (transferEncoding !== null || (contentLength !== null && contentLength !== '0')))
    return 'a body where none belongs';
  if (!isServedVersion(request, transferEncoding)) return 'version';
  if (expect !== null && expect.toLowerCase() !== '100-continue') return 'expect';
  return connection === null || isKnownConnection(connection) ? null : 'connection option';
}

// HTTP/1.0 has no chunks: who reads them there has another end of the body (RFC 9112 §6.1).
function isServedVersion(request: Framing, transferEncoding: string | null): boolean {
  if (request.httpVersionMajor !== 1) return false;
  return request.httpVersionMinor === 1 || (request.httpVersionMinor === 0 && transferEncoding === null);
}

// A client could otherwise name an end-to-end header there and have the next hop drop it (RFC 9110 §7.6.1).
function isKnownConnection(value: string): boolean {
  // What most clients send.
  if (value === 'keep-alive' || value === 'close') return true;
  return value.split(',').every((option) => CONNECTION_OPTIONS.has(option.trim().toLowerCase()));
}

function once(found: RequestHeaders, before: string | null, value: string): string {
  if (before !== null) found.repeated = true;
  return value;
}

// A header that is there twice stays visible as a value that matches nothing.
function joined(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

function emptyHeaders(): RequestHeaders {
  return {
    host: null,
    origin: null,
    authorization: null,
    apiKey: null,
    dpop: null,
    contentType: null,
    contentLength: null,
    contentEncoding: null,
    transferEncoding: null,
    accept: null,
    protocolVersion: null,
    mcpMethod: null,
    mcpName: null,
    sessionId: null,
    connection: null,
    expect: null,
    lastEventId: null,
    upgrade: null,
    forwardedFor: null,
    forwardedProto: null,
    passed: [],
    repeated: false,
    lookAlike: false,
  };
}
