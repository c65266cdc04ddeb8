import { textOf } from '../../core/bytes.ts';
import { mirrorParameters, parametersMatch, type MirroredParameter } from '../../core/parameter-headers.ts';
import { refuse } from '../../core/reason.ts';
import { isPlain, type Exchange, type Stage, type StageResult } from '../exchange.ts';
import type { GatewayState } from '../state.ts';
import { toAsker } from '../subject.ts';

/** Holds `Mcp-Param-*` headers against the arguments, for tools whose schema mirrors some. */
export function matchParametersStage(state: GatewayState): Stage {
  return {
    name: 'match-parameters',
    run(exchange) {
      const { message, server, principal } = exchange;
      if (message?.method !== 'tools/call' || message.name === null || server === null || principal === null)
        return null;
      if (!mayMatter(exchange)) return null;
      const parameters = state
        .toolSchemas(server)
        .parametersOf(message.name, toAsker(exchange, principal), exchange.startedAt);
      return parameters instanceof Promise
        ? parameters.then((found) => match(exchange, found))
        : match(exchange, parameters);
    },
  };
}

/** Clients before 2026-07-28 need not send any, but who routes by a header does not ask of which revision it is. */
function mayMatter({ era, headers }: Exchange): boolean {
  return era === 'modern' || headers.passed.some((name, at) => at % 2 === 0 && name.startsWith('mcp-param-'));
}

function match(exchange: Exchange, mirrored: readonly MirroredParameter[]): StageResult {
  const { message, headers, era } = exchange;
  const sent = ({ header }: MirroredParameter): boolean =>
    headers.passed.some((name, at) => at % 2 === 0 && name === header);
  const parameters = era === 'modern' ? mirrored : mirrored.filter(sent);
  if (parameters.length === 0 || message === null) return null;
  const args = message.args === null ? '{}' : textOf(message.bytes, message.args.start, message.args.end);
  if (isPlain(exchange.route) && !message.argsAmbiguous) headers.passed.push(...mirrorParameters(parameters, args));
  if (!message.argsAmbiguous && parametersMatch(parameters, args, headers.passed)) return null;
  return refuse('header-mismatch', { detail: 'Mcp-Param' });
}
