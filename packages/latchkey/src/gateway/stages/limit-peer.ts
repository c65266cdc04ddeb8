import { refuse } from '../../core/reason.ts';
import type { Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Requests per address. Failed credentials of the address are looked at here and judged by `identify`. */
export function limitPeerStage(state: GatewayState): Stage {
  return {
    name: 'limit-peer',
    run(exchange) {
      const wait = state.requestLimiter.take(exchange.address, exchange.startedAt);
      if (wait > 0) return refuse('limit-address', { retryAfterSeconds: wait / 1000 });
      exchange.failuresExceeded = state.failureLimiter.peek(exchange.address, exchange.startedAt);
      return null;
    },
  };
}
