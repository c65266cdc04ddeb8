import { textOf } from '../../core/bytes.ts';
import { mirrorParameters, parametersMatch, type MirroredParameter } from '../../core/parameter-headers.ts';
import { refuse } from '../../core/reason.ts';
import { isPlain, type Exchange, type Stage, type StageResult } from '../exchange.ts';
import type { GatewayState } from '../state.ts';
import { toAsker } from '../subject.ts';

/** Holds `Mcp-Param-*` headers against the arguments, for tools whose schema mirrors some (2026-07-28 only). */
export function matchParametersStage(state: GatewayState): Stage {
  return {
    name: 'match-parameters',
    run(exchange) {
      const { message, server, principal, era } = exchange;
      if (
        era !== 'modern' ||
        message?.method !== 'tools/call' ||
        message.name === null ||
        server === null ||
        principal === null
      )
        return null;
      const parameters = state
        .toolSchemas(server)
        .parametersOf(message.name, toAsker(exchange, principal), exchange.startedAt);
      return parameters instanceof Promise
        ? parameters.then((found) => match(exchange, found))
        : match(exchange, parameters);
    },
  };
}

function match(exchange: Exchange, parameters: readonly MirroredParameter[]): StageResult {
  const { message, headers } = exchange;
  if (parameters.length === 0 || message === null) return null;
  const args = message.args === null ? '{}' : textOf(message.bytes, message.args.start, message.args.end);
  if (isPlain(exchange.route) && !message.argsAmbiguous) headers.passed.push(...mirrorParameters(parameters, args));
  if (!message.argsAmbiguous && parametersMatch(parameters, args, headers.passed)) return null;
  return refuse('header-mismatch', { detail: 'Mcp-Param' });
}
