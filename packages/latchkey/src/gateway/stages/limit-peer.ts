import { limitAddress } from '../../lock/limit-address.ts';
import type { Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Requests per address. */
export function limitPeerStage(state: GatewayState): Stage {
  return { name: 'limit-peer', run: (exchange) => limitAddress(state, exchange) };
}
