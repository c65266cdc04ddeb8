import { refuse } from '../../core/reason.ts';
import type { Secret } from '../../core/secret.ts';
import type { RotateResult } from '../options.ts';
import type { Exchange, Stage, StageResult } from '../exchange.ts';
import type { GatewayState } from '../state.ts';
import { findPresented } from './identify.ts';

/** `POST /.latchkey/rotate`: the holder of a valid token gets its successor. The body is not read. */
export function rotateStage(state: GatewayState): Stage {
  return { name: 'rotate', run: (exchange) => (exchange.route?.kind === 'rotate' ? rotate(state, exchange) : null) };
}

async function rotate(state: GatewayState, exchange: Exchange): Promise<StageResult> {
  const found = findPresented(exchange);
  if (found === null || 'reason' in found) return refuse('credential-missing');
  const result = await exchangeToken(state, exchange, found.secret);
  if (result === null) return refuse('store-unavailable', { retryAfterSeconds: 1 });
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

/** Null when the store cannot tell, or cannot write down, who the successor is: then there is none. */
async function exchangeToken(state: GatewayState, exchange: Exchange, secret: Secret): Promise<RotateResult | null> {
  try {
    return await state.options.rotate(secret, exchange.startedAt);
  } catch (error) {
    state.options.log('error', 'a token could not be exchanged', {
      requestId: exchange.requestId,
      error: String(error),
    });
    return null;
  }
}
