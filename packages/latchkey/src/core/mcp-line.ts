import type { Reason, Refusal } from './reason.ts';
import { findLine, TOO_MANY, type Line, type Lines } from './wire-line.ts';

const NOT_ALLOWED = 'This credential may not do that.';

/**
 * What is refused to who speaks MCP alone: status, text and code. Codes outside JSON-RPC's reserved range repeat the HTTP
 * status (MCP 2026-07-28 basic §Error Codes).
 */
const LINES = {
  'host-foreign': [421, 'This server does not answer for that host name.'],
  'origin-foreign': [403, 'Requests from that origin are not allowed.'],
  'path-unknown': [404, 'There is nothing at this path.'],
  'http-method': [405, 'That HTTP method is not allowed here.'],
  'limit-target': [429, TOO_MANY],
  'limit-sessions': [429, 'Too many open sessions. End one and try again.'],
  'limit-streams': [429, 'Too many open streams. Close one and try again.'],
  'content-type': [415, 'The body must be application/json in UTF-8.'],
  'content-encoding': [415, 'Content-Encoding is not accepted on requests.'],
  'not-acceptable': [406, 'Accept must allow application/json and text/event-stream.'],
  'body-too-large': [413, 'The request body is too large.'],
  'body-timeout': [408, 'The request took too long to arrive.'],
  'json-malformed': [400, 'The body is not strict JSON.', -32700],
  'message-invalid': [400, 'The body is not one unambiguous JSON-RPC message.', -32600],
  'header-mismatch': [400, 'The Mcp-* headers do not match the body.', -32020],
  'meta-missing': [400, 'A required _meta field is missing.', -32602],
  'params-invalid': [400, 'The parameters are not valid for this method.', -32602],
  'version-unsupported': [400, 'Unsupported protocol version. Supported: ', -32022],
  'method-unknown': [404, 'Method not found.', -32601],
  'session-missing': [400, 'Mcp-Session-Id is missing. Initialize first.'],
  'session-unknown': [404, 'There is no such session. Initialize again.'],
  'policy-no-rule': [403, NOT_ALLOWED],
  'policy-denied': [403, NOT_ALLOWED],
  'policy-condition': [403, NOT_ALLOWED],
  // Just as a server answers for a name it does not have.
  'policy-hidden': [200, 'Unknown tool, prompt or resource.', -32602],
} as const satisfies Lines;

export type McpReason = keyof typeof LINES;

/** What callers that speak MCP are told; null for what none of them is refused. */
export function toMcpLine(reason: Reason, { supported = [] }: Refusal, legacy: boolean): Line | null {
  const line = findLine(LINES, reason);
  if (reason === 'version-unsupported') line!.message += `${supported.join(', ')}.`;
  // To a client with a session 404 means that the session ended (MCP 2025-11-25, Session Management).
  if (reason === 'method-unknown' && legacy) line!.status = 200;
  return line;
}
