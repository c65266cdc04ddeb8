import { same, TOO_MANY, type ToMcpLine } from './wire.ts';

/** Codes outside JSON-RPC's reserved range repeat the HTTP status (MCP 2026-07-28 basic §Error Codes). */
export const toMcpLine: ToMcpLine = (reason, refusal, legacy) => {
  switch (reason) {
    case 'host-foreign':
      return same(421, 'This server does not answer for that host name.');
    case 'origin-foreign':
      return same(403, 'Requests from that origin are not allowed.');
    case 'path-unknown':
      return same(404, 'There is nothing at this path.');
    case 'http-method':
      return same(405, 'That HTTP method is not allowed here.');
    case 'limit-target':
      return same(429, TOO_MANY);
    case 'limit-sessions':
      return same(429, 'Too many open sessions. End one and try again.');
    case 'limit-streams':
      return same(429, 'Too many open streams. Close one and try again.');
    case 'limit-calls':
      return same(429, 'Too many calls wait for an answer. Try again when some are answered.');
    case 'content-type':
      return same(415, 'The body must be application/json in UTF-8.');
    case 'content-encoding':
      return same(415, 'Content-Encoding is not accepted on requests.');
    case 'not-acceptable':
      return same(406, 'Accept must allow application/json and text/event-stream.');
    case 'body-too-large':
      return same(413, 'The request body is too large.');
    case 'body-timeout':
      return same(408, 'The request took too long to arrive.');
    case 'json-malformed':
      return { status: 400, code: -32700, message: 'The body is not strict JSON.' };
    case 'message-invalid':
      return { status: 400, code: -32600, message: 'The body is not one unambiguous JSON-RPC message.' };
    case 'header-mismatch':
      return { status: 400, code: -32020, message: 'The Mcp-* headers do not match the body.' };
    case 'meta-missing':
      return { status: 400, code: -32602, message: 'A required _meta field is missing.' };
    case 'params-invalid':
      return { status: 400, code: -32602, message: 'The parameters are not valid for this method.' };
    case 'version-unsupported':
      return {
        status: 400,
        code: -32022,
        message: `Unsupported protocol version. Supported: ${(refusal.supported ?? []).join(', ')}.`,
      };
    case 'method-unknown':
      // To a client with a session 404 means that the session ended (MCP 2025-11-25, Session Management).
      return { status: legacy ? 200 : 404, code: -32601, message: 'Method not found.' };
    case 'session-missing':
      return same(400, 'Mcp-Session-Id is missing. Initialize first.');
    case 'session-unknown':
      return same(404, 'There is no such session. Initialize again.');
    case 'id-in-use':
      return { status: 400, code: -32600, message: 'A request with this id is still being answered.' };
    case 'policy-no-rule':
    case 'policy-denied':
    case 'policy-condition':
      return same(403, 'This credential may not do that.');
    case 'policy-definition':
      return same(403, 'The definition of this tool is not accepted here.');
    case 'policy-hidden':
      // Just as a server answers for a name it does not have.
      return { status: 200, code: -32602, message: 'Unknown tool, prompt or resource.' };
  }
};
