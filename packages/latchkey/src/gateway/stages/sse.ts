import { STREAM_HEADERS } from '../../core/event-stream.ts';
import { refuse } from '../../core/reason.ts';
import { callerHeaders } from '../caller-headers.ts';
import type { Exchange, ProtectedServer, Stage, StageResult } from '../exchange.ts';
import { ssePaths } from '../routes.ts';
import { SseStream } from '../sse/stream.ts';
import type { GatewayState } from '../state.ts';
import { toAsker } from '../subject.ts';

const SESSION_ID = /^sessionId=([A-Za-z0-9_-]{43})$/;

/** The HTTP+SSE transport (MCP 2024-11-05): opens its streams, and finds the stream that a message belongs to. */
export function sseStage(state: GatewayState): Stage {
  return {
    name: 'sse',
    run(exchange) {
      const { route } = exchange;
      if (route?.kind === 'sse-stream') return open(state, exchange, route.server);
      return route?.kind === 'sse-message' ? attach(state, exchange, route.server) : null;
    },
  };
}

function open(state: GatewayState, exchange: Exchange, server: ProtectedServer): StageResult {
  const { principal, response, headers } = exchange;
  if (principal === null) return refuse('internal');
  // What a client sends of another transport's session means nothing here.
  headers.sessionId = null;
  const { limits } = state.options;
  const stream = new SseStream(response, {
    asker: toAsker(exchange, principal),
    unreadBytes: limits.unreadBytes,
    idleMs: limits.streamIdleMs,
    onSession(sealed, upstreamId) {
      if (headers.sessionId !== null && headers.sessionId !== sealed) state.sessions.close(headers.sessionId);
      // A session that has a request open is not idle.
      headers.sessionId = sealed;
      exchange.sessionId = upstreamId;
    },
    onClosed() {
      state.streams.remove(stream);
      if (headers.sessionId !== null) state.sessions.close(headers.sessionId);
    },
  });
  exchange.answer = stream;
  state.streams.add(server, stream);
  state.open.add(exchange);
  stream.open([...STREAM_HEADERS, ...callerHeaders(exchange)], ssePaths(server).messages);
  return 'done';
}

function attach(state: GatewayState, exchange: Exchange, server: ProtectedServer): StageResult {
  const { principal, request, headers, message } = exchange;
  const target = request.url ?? '';
  const query = target.slice(target.indexOf('?') + 1);
  if (!query.includes('sessionId=')) return refuse('session-missing');
  const id = SESSION_ID.exec(query)?.[1];
  const stream = id === undefined || principal === null ? null : state.streams.find(server, principal, id);
  // Two sessions are one too many.
  if (stream === null || headers.sessionId !== null) return refuse('session-unknown');
  if (stream.full) return refuse('limit-streams', { retryAfterSeconds: 1 });
  if (message?.kind === 'request' && stream.isExpecting(message.id ?? '')) return refuse('id-in-use');
  exchange.sse = stream;
  headers.sessionId = stream.sealed;
  // Such a client does not ask for what a Streamable HTTP server answers with.
  headers.accept = null;
  return null;
}
