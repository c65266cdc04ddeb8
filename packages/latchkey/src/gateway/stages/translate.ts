import { encodeHeaderValue } from '../../core/mcp-header.ts';
import { MODERN_REVISION } from '../../core/revision.ts';
import { toPlainCall, toPlainList } from '../../core/plain-call.ts';
import { refuse } from '../../core/reason.ts';
import { isPlain, type Exchange, type Stage, type StageResult } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Makes an ordinary message of a plain call, so that what is judged from here on is what will be sent. */
export function translateStage(_state: GatewayState): Stage {
  return { name: 'translate', run: (exchange) => (isPlain(exchange.route) ? translate(exchange) : null) };
}

function translate(exchange: Exchange): StageResult {
  if (exchange.route?.kind === 'rest-list') return become(exchange, toPlainList(null), 'tools/list', null);
  if (exchange.body === null) return refuse('internal');
  const call = toPlainCall(exchange.body);
  return 'reason' in call ? call : become(exchange, call.bytes, 'tools/call', call.tool);
}

/** No header of the caller's says anything of a message that it did not write. */
function become(exchange: Exchange, body: Uint8Array, method: string, name: string | null): null {
  const { headers } = exchange;
  exchange.body = body;
  headers.protocolVersion = MODERN_REVISION;
  headers.mcpMethod = method;
  headers.mcpName = name === null ? null : encodeHeaderValue(name);
  headers.sessionId = headers.lastEventId = headers.accept = null;
  const { passed } = headers;
  headers.passed = passed.filter((_, at) => !(passed[at - (at % 2)] as string).startsWith('mcp-param-'));
  return null;
}
