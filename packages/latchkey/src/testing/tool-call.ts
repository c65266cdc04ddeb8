import { expectOptions } from '../core/expect-options.ts';
import { encodeHeaderValue } from '../core/mcp-header.ts';
import { MODERN_REVISION } from '../core/revision.ts';

/** A `tools/call` of revision 2026-07-28. */
export interface ToolCall {
  /** Sent as `Authorization: Bearer`; without it nobody says who they are. */
  readonly token?: string | undefined;
  readonly tool: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Over those that such a call has. */
  readonly headers?: Readonly<Record<string, string>>;
}

const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN_REVISION,
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A right request that calls one tool of the MCP endpoint at `url`: for `fetch`, or for the handler of a web framework. */
export function createToolCall(url: string, call: ToolCall): Request {
  expectOptions('createToolCall', call, { token: null, tool: null, args: null, headers: null });
  const { token, tool, args = {}, headers = {} } = call;
  const params = { name: tool, arguments: args, _meta: META };
  return new Request(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': MODERN_REVISION,
      'mcp-method': 'tools/call',
      'mcp-name': encodeHeaderValue(tool),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
}
