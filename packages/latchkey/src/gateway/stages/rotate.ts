import { refuse } from '../../core/reason.ts';
import type { Exchange, Stage, StageResult } from '../exchange.ts';
import type { GatewayState } from '../state.ts';
import { findCredential } from './identify.ts';

/** `POST /.latchkey/rotate`: the holder of a valid token gets its successor. The body is not read. */
export function rotateStage(state: GatewayState): Stage {
  return { name: 'rotate', run: (exchange) => (exchange.route?.kind === 'rotate' ? rotate(state, exchange) : null) };
}

async function rotate(state: GatewayState, exchange: Exchange): Promise<StageResult> {
  const found = findCredential(exchange.headers);
  if (found === null || 'reason' in found) return refuse('credential-missing');
  const result = await state.options.rotate(found.secret, exchange.startedAt);
  if (result.kind === 'refused') return refuse('policy-denied', { detail: 'this credential has no successor to give' });
  const body = {
    token: result.token.reveal(),
    name: result.name,
    scopes: result.scopes,
    expiresAt: result.expiresAt === null ? null : new Date(result.expiresAt).toISOString(),
  };
  exchange.response.writeHead(200, ['content-type', 'application/json', 'cache-control', 'no-store']);
  exchange.response.end(JSON.stringify(body));
  return 'done';
}
