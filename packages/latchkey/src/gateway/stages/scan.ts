import { refuse } from '../../core/reason.ts';
import { scanMessage, scanWithoutMessage } from '../../lock/scan-message.ts';
import type { Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Reads the message once, settles its revision, and holds the Mcp-* headers against it. */
export function scanStage(_state: GatewayState): Stage {
  return {
    name: 'scan',
    run(exchange) {
      const spoken = exchange.route?.spoken ?? null;
      if (spoken === null) return refuse('internal');
      return exchange.body === null
        ? scanWithoutMessage(exchange, spoken)
        : scanMessage(exchange, exchange.body, spoken);
    },
  };
}
