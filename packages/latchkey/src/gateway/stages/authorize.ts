import { refuse } from '../../core/reason.ts';
import { authorizeMessage } from '../../lock/authorize-message.ts';
import type { Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Holds (principal, message) against the server's policy. */
export function authorizeStage(state: GatewayState): Stage {
  return {
    name: 'authorize',
    run(exchange) {
      const { server, message } = exchange;
      if (server === null) return refuse('internal');
      const refusal = authorizeMessage(state, exchange, server.policy);
      if (refusal?.reason !== 'policy-hidden' || refusal.shownAs !== undefined) return refusal;
      // A tool that is not there has no definition that was accepted.
      const pinned = message?.method === 'tools/call' && state.pinsOf(server)?.mode === 'block';
      return pinned ? { ...refusal, shownAs: 'policy-definition' } : refusal;
    },
  };
}
