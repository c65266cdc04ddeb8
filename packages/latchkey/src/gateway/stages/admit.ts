import { refuse } from '../../core/reason.ts';
import type { Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Lets nothing in while the gateway stops, or while what it decides cannot be written down. Documents stay readable. */
export function admitStage(state: GatewayState): Stage {
  return {
    name: 'admit',
    run({ route }) {
      if (route?.kind === 'document') return null;
      if (state.stopping()) return refuse('shutting-down', { retryAfterSeconds: 5 });
      return state.options.trail.healthy ? null : refuse('trail-unavailable', { retryAfterSeconds: 1 });
    },
  };
}
