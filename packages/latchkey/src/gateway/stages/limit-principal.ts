import type { Principal } from '../../core/principal.ts';
import { refuse } from '../../core/reason.ts';
import { limitCalls } from '../../lock/limit-calls.ts';
import { countOpening } from '../../lock/limit-open.ts';
import type { Exchange, Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Calls per credential, sessions and streams. Limits of a single tool come with its rule, in `authorize`. */
export function limitPrincipalStage(state: GatewayState): Stage {
  return {
    name: 'limit-principal',
    run(exchange) {
      const { principal, message, request } = exchange;
      const refusal = limitCalls(state, exchange);
      if (refusal !== null || principal === null) return refusal;
      const opens = opensSession(exchange);
      const waitMs = opens ? makeRoom(state, exchange, principal) : 0;
      if (waitMs !== 0) return refuse('limit-sessions', { retryAfterSeconds: toSeconds(waitMs) });
      exchange.opening = opens && message !== null;
      exchange.stream = message === null ? request.method === 'GET' : message.method === 'subscriptions/listen';
      return exchange.stream && isCrowded(state, exchange, principal)
        ? refuse('limit-streams', { retryAfterSeconds: toSeconds(null) })
        : null;
    },
  };
}

/** On a stream of HTTP+SSE `initialize` takes the place that the stream has already. */
function opensSession({ message, route }: Exchange): boolean {
  return message === null ? route?.kind === 'sse-stream' : message.method === 'initialize' && route?.kind === 'mcp';
}

/**
 * Milliseconds until there is room for one more, 0 where there is, null where nobody knows. One that was left alone gives
 * up its place: many clients never say that they leave.
 */
function makeRoom(state: GatewayState, { startedAt }: Exchange, principal: Principal): number | null {
  const { sessions, streams, open, options } = state;
  const count =
    sessions.countOf(principal) + streams.countWithoutSession(principal) + countOpening(open.toArray(), principal);
  return count < options.limits.sessions ? 0 : sessions.makeRoom(principal, startedAt, (id) => open.inSession(id));
}

/** What is in use ends whenever its callers want. */
function toSeconds(waitMs: number | null): number {
  return waitMs === null ? 60 : Math.ceil(waitMs / 1000);
}

function isCrowded({ open, options: { limits } }: GatewayState, { address }: Exchange, principal: Principal): boolean {
  return open.streamsOf(principal) >= limits.streams || open.streamsFrom(address) >= limits.streamsPerAddress;
}
