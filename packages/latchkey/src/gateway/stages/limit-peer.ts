import { refuse } from '../../core/reason.ts';
import { networkOf } from '../client-address.ts';
import type { Stage } from '../exchange.ts';
import { holdBack } from '../hold-back.ts';
import type { GatewayState } from '../state.ts';

/** Requests per address. Failed credentials of the address are looked at here and judged by `identify`. */
export function limitPeerStage(state: GatewayState): Stage {
  return {
    name: 'limit-peer',
    run(exchange) {
      const network = networkOf(exchange.address);
      const wait = state.requestLimiter.take(network, exchange.startedAt);
      if (wait > 0) return holdBack(exchange, refuse('limit-address', { retryAfterSeconds: wait / 1000 }));
      exchange.failuresExceeded = state.failureLimiter.peek(network, exchange.startedAt);
      return null;
    },
  };
}
