import { scanMessage, scanWithoutMessage, type Spoken } from '../../lock/scan-message.ts';
import type { Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Reads the message once, settles its revision, and holds the Mcp-* headers against it. */
export function scanStage(_state: GatewayState): Stage {
  return {
    name: 'scan',
    run(exchange) {
      const spoken = exchange.route?.spoken ?? NOTHING;
      return exchange.body === null
        ? scanWithoutMessage(exchange, spoken)
        : scanMessage(exchange, exchange.body, spoken);
    },
  };
}

const NOTHING: Spoken = { revisions: [], legacy: true };
