import { confirmCaller } from '../../lock/confirm-caller.ts';
import type { Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Asks again for the end of the caller's credential, where something had to be waited for since it was verified. */
export function confirmStage({ options }: GatewayState): Stage {
  return {
    name: 'confirm',
    run: (exchange) => confirmCaller(options.endOf, exchange, Date.now),
  };
}
