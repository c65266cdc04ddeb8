import { toMcpLine } from './mcp-line.ts';
import type { Reason, Refusal } from './reason.ts';
import { findLine, type Line, type Lines } from './wire-line.ts';

const UNAVAILABLE = 'The MCP server is not available.';

/** What only a gateway refuses, which stands between a caller and a server of its own. */
const LINES = {
  'limit-calls': [429, 'Too many calls wait for an answer. Try again when some are answered.'],
  'id-in-use': [400, 'A request with this id is still being answered.', -32600],
  'policy-definition': [403, 'The definition of this tool is not accepted here.'],
  'upstream-unreachable': [502, UNAVAILABLE],
  'upstream-exited': [502, UNAVAILABLE],
  'upstream-timeout': [504, 'The MCP server did not answer in time.'],
} as const satisfies Lines;

export type GatewayReason = keyof typeof LINES;

/** What callers of a gateway are told besides. */
export function toGatewayLine(reason: Reason, refusal: Refusal, legacy: boolean): Line | null {
  return findLine(LINES, reason) ?? toMcpLine(reason, refusal, legacy);
}
