import { refuse } from '../../core/reason.ts';
import { authorizeMessage } from '../../lock/authorize-message.ts';
import type { Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Holds (principal, message) against the server's policy. */
export function authorizeStage(state: GatewayState): Stage {
  return {
    name: 'authorize',
    run: (exchange) =>
      exchange.server === null ? refuse('internal') : authorizeMessage(state, exchange, exchange.server.policy),
  };
}
