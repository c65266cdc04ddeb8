import { headerOf } from '../../core/header-of.ts';
import type { Reason } from '../../core/reason.ts';
import type { Forwardable } from '../../core/upstream.ts';
import type { ResponseHead } from './response-head.ts';

// The only headers of an answer that mean anything to an MCP client; everything else stays on this side.
const PASSED: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'mcp-session-id',
  'mcp-protocol-version',
  'retry-after',
  'x-accel-buffering',
  'allow',
]);

const OF_BODY: ReadonlySet<string> = new Set(['content-type', 'content-length']);

const VISIBLE = /^[\x20-\x7e]*$/;

/**
 * Whether a 2xx says everything by its status, whatever page a framework put behind it: one that answers no request, that
 * says itself that the answer is not in it (202), or that is empty.
 */
export function isBare({ status, framing, length }: ResponseHead, type: string, request: Forwardable): boolean {
  if (status < 200 || status >= 300) return false;
  if (request.httpMethod === 'DELETE' || (request.message !== null && request.message.kind !== 'request')) return true;
  return framing === 'none' || (framing === 'length' && length === 0) || (status === 202 && !isReadable(type));
}

/** Redirects are not followed, the upstream's own trouble with credentials is not the caller's, and 5xx bodies tell too much. */
export function judgeAnswer({ status, headers }: ResponseHead, type: string): Reason | null {
  const encoding = headerOf(headers, 'content-encoding');
  if (encoding !== null && encoding !== 'identity') return 'upstream-invalid';
  if (status >= 300 && status < 400) return 'upstream-invalid';
  if (status === 401 || status === 403 || status === 407 || status >= 500) return 'upstream-invalid';
  return isReadable(type) || status >= 400 ? null : 'upstream-invalid';
}

function isReadable(type: string): boolean {
  return type === '' || type.startsWith('application/json') || type.startsWith('text/event-stream');
}

/** Why `judgeAnswer` did not take an answer, and what an operator can do about it. */
export function explainRefusal({ status, headers }: ResponseHead, tokens: boolean): string {
  if (status === 403 && tokens && /\binsufficient_scope\b/.test(headerOf(headers, 'www-authenticate') ?? ''))
    return 'the server wants a token with more scopes; see upstream.auth';
  if (status !== 401) return explainOther(status, headers);
  return tokens
    ? 'the server does not take the token it was sent; see upstream.auth'
    : 'the server wants a credential; see upstream.headers and upstream.auth';
}

function explainOther(status: number, headers: readonly string[]): string {
  const coding = headerOf(headers, 'content-encoding') ?? 'identity';
  if (coding !== 'identity') return `the server answers with the content coding ${toWords(coding)}`;
  if (status >= 300 && status < 400) return explainRedirect(headerOf(headers, 'location'));
  if (status >= 300) return `the server answers with status ${status}`;
  return `the server answers with the content type ${toWords(headerOf(headers, 'content-type') ?? '')}`;
}

const NOWHERE = 'http://nowhere.invalid';

// Its query and user may be secret.
function explainRedirect(location: string | null): string {
  const url = location !== null && URL.canParse(location, NOWHERE) ? new URL(location, NOWHERE) : null;
  if (url === null || !url.protocol.startsWith('http')) return 'the server redirects';
  const place = url.origin === NOWHERE ? url.pathname : `${url.origin}${url.pathname}`;
  return `the server redirects to ${toWords(place)}; if that is right, set upstream.url to it`;
}

/** A header's value as part of a sentence. */
function toWords(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

/** The headers of an answer that go to the caller; `bare`: those of one whose body does not. */
export function passHeaders(headers: readonly string[], bare = false): readonly string[] {
  // What a caller may read is not for a cache that others share, whatever the upstream thinks.
  const passed: string[] = ['cache-control', 'no-store, no-transform'];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (PASSED.has(name) && mayPass(name, value) && !(bare && OF_BODY.has(name))) passed.push(name, value);
  }
  return passed;
}

function mayPass(name: string, value: string): boolean {
  return OF_BODY.has(name) || VISIBLE.test(value);
}
