// The one call that is measured, in the two shapes a peer may speak, and the answer both test servers give.

export type Shape = '2026-07-28' | '2025-11-25';
export type Headers = Record<string, string>;

export const TOOL = 'echo';
export const SCOPE = 'bench';

const MESSAGE = 'latchkey-bench: a message of ordinary length for a tool call. '.repeat(3).slice(0, 160);
const FILLER = 'The quick brown fox jumps over the lazy dog. '.repeat(9);

/** What a right answer to a measured call contains. */
export const EXPECTED_IN_ANSWER = MESSAGE.slice(0, 40);

/** The text the test servers answer to `message`: about 570 bytes for the measured call. */
export function answerText(message: string): string {
  return `${message} ${FILLER}`;
}

/** The call's JSON in two halves around its id, so that a load generator can give each request an id of its own. */
export function toCallHalves(shape: Shape, toolName = TOOL): { head: string; tail: string } {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = {
    name: toolName,
    arguments: { message: MESSAGE },
    ...(shape === '2026-07-28' && { _meta: meta }),
  };
  return {
    head: '{"jsonrpc":"2.0","id":',
    tail: `,"method":"tools/call","params":${JSON.stringify(params)}}`,
  };
}

/** Headers of any message of the shape, without a credential or a session. */
export function toMessageHeaders(shape: Shape): Headers {
  return {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': shape,
  };
}

/** Headers of the measured call. */
export function toCallHeaders(shape: Shape, toolName = TOOL): Headers {
  const base = toMessageHeaders(shape);
  return shape === '2026-07-28' ? { ...base, 'Mcp-Method': 'tools/call', 'Mcp-Name': toolName } : base;
}

/** The text the right answer to the measured call carries. */
export function expectedText(): string {
  return answerText(MESSAGE);
}
