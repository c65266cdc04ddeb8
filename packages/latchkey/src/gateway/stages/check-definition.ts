import { refuse } from '../../core/reason.ts';
import type { Stage, StageResult } from '../exchange.ts';
import type { GatewayState } from '../state.ts';
import { toAsker } from '../subject.ts';
import type { ToolPins } from '../tool-pins.ts';

/** Lets no tool be called whose definition changed since it was pinned, where the server's `pin` is `block`. */
export function checkDefinitionStage(state: GatewayState): Stage {
  return {
    name: 'check-definition',
    run(exchange) {
      const { server, message, principal, startedAt } = exchange;
      if (server === null || principal === null || message === null) return null;
      const pins = state.pinsOf(server);
      if (pins === null) return null;
      if (message.method === 'tools/list') return pins.renew()?.then(() => null) ?? null;
      const tool = message.name;
      if (message.method !== 'tools/call' || tool === null) return null;
      const asking = state.toolSchemas(server).refresh(toAsker(exchange, principal), startedAt);
      if (pins.mode === 'alert') return null;
      return asking === null ? judge(pins, tool) : asking.then(() => judge(pins, tool));
    },
  };
}

function judge(pins: ToolPins, tool: string): StageResult | Promise<StageResult> {
  const allowed = pins.allows(tool);
  return typeof allowed === 'boolean' ? toResult(allowed) : allowed.then(toResult);
}

function toResult(allowed: boolean): StageResult {
  return allowed ? null : refuse('policy-definition');
}
