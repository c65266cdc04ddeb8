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
      if (opens && hasAllSessions(state, exchange, principal))
        return refuse('limit-sessions', { retryAfterSeconds: 60 });
      exchange.opening = opens && message !== null;
      exchange.stream = message === null ? request.method === 'GET' : message.method === 'subscriptions/listen';
      return exchange.stream && isCrowded(state, exchange, principal)
        ? refuse('limit-streams', { retryAfterSeconds: 60 })
        : null;
    },
  };
}

/** On a stream of HTTP+SSE `initialize` takes the place that the stream has already. */
function opensSession({ message, route }: Exchange): boolean {
  return message === null ? route?.kind === 'sse-stream' : message.method === 'initialize' && route?.kind === 'mcp';
}

/** One that was left alone gives up its place: many clients never say that they leave. */
function hasAllSessions(state: GatewayState, { startedAt }: Exchange, principal: Principal): boolean {
  const { sessions, streams, open, options } = state;
  const count =
    sessions.countOf(principal) + streams.countWithoutSession(principal) + countOpening(open.toArray(), principal);
  return count >= options.limits.sessions && !sessions.makeRoom(principal, startedAt, (id) => open.inSession(id));
}

function isCrowded({ open, options: { limits } }: GatewayState, { address }: Exchange, principal: Principal): boolean {
  return open.streamsOf(principal) >= limits.streams || open.streamsFrom(address) >= limits.streamsPerAddress;
}
