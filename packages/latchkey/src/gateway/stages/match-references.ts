import { textOf } from '../../core/bytes.ts';
import { LIST_METHODS } from '../../core/filter-list.ts';
import type { Message } from '../../core/message.ts';
import { parseMessage } from '../../core/parse-message.ts';
import { refuse } from '../../core/reason.ts';
import { matchOutsideSession } from '../../lock/match-outside-session.ts';
import { callerHeaders } from '../caller-headers.ts';
import type { Exchange, Stage, StageResult } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** What a message points at must be the caller's own: the cursor it was given, the call it made. */
export function matchReferencesStage(state: GatewayState): Stage {
  return {
    name: 'match-references',
    run(exchange) {
      const { message } = exchange;
      if (message === null) return null;
      if (message.kind !== 'request') return matchOutside(state, exchange);
      return message.cursor === null ? null : openCursor(state, exchange, message);
    },
  };
}

/** Puts the server's own cursor in the place of the sealed one. */
function openCursor(state: GatewayState, exchange: Exchange, message: Message): StageResult {
  const { server, principal } = exchange;
  const kind = LIST_METHODS.get(message.method);
  if (kind === undefined || message.cursor === null || server === null || principal === null) return null;
  const { start, end } = message.cursor;
  const sealed = JSON.parse(textOf(message.bytes, start, end)) as string;
  const cursor = state.cursors.unseal({ server: server.name, principal: principal.id, kind }, sealed);
  if (cursor === null) return refuse('params-invalid', { detail: 'a cursor that is not the caller’s' });
  const opened = parseMessage(
    Buffer.concat([message.bytes.subarray(0, start), Buffer.from(JSON.stringify(cursor)), message.bytes.subarray(end)]),
  );
  if (opened.kind === 'refused') return opened.refusal;
  exchange.message = opened.message;
  return null;
}

// All callers reach an HTTP server as one.
function matchOutside(state: GatewayState, exchange: Exchange): StageResult {
  const { server } = exchange;
  if (server?.upstream.kind !== 'http') return null;
  const found = matchOutsideSession(exchange, () => state.open.toArray().filter((other) => other.server === server));
  return found === 'accept' ? accept(exchange) : found;
}

function accept(exchange: Exchange): 'done' {
  exchange.response.writeHead(202, ['content-length', '0', ...callerHeaders(exchange)]);
  exchange.response.end();
  return 'done';
}
