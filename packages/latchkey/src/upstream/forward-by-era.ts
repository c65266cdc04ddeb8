import { refuse } from '../core/reason.ts';
import type { Answer, Forwardable } from '../core/upstream.ts';
import { isPosted, type Posted } from './posted.ts';

/** What a legacy client holds by its session id. */
export interface ClientSession {
  post(request: Posted, answer: Answer): void;
  listen(answer: Answer): void;
  /** May settle later, when what the session had to itself is gone. */
  end(): Promise<void> | void;
}

/** A server that does not speak HTTP itself, as callers of either era ask it. */
export interface TwoEraServer {
  /** Answers a request of a modern caller. */
  call(request: Posted, answer: Answer): void;
  /** Answers an `initialize`, with which a session opens. */
  openSession(request: Posted, answer: Answer): void;
  /** Undefined for an id that is no session's, or none's any more. */
  session(id: string): ClientSession | undefined;
}

/** Brings a request to what answers it in its era (Streamable HTTP of MCP 2026-07-28 and 2025-11-25), or refuses it. */
export function forwardByEra(server: TwoEraServer, request: Forwardable, answer: Answer): void {
  if (answer.aborted) return;
  if (request.era === 'modern') forwardModern(server, request, answer);
  else forwardLegacy(server, request, answer);
}

function forwardModern(server: TwoEraServer, request: Forwardable, answer: Answer): void {
  if (!isPosted(request)) return answer.fail(refuse('http-method', { allow: ['POST'] }));
  if (request.message.kind === 'response')
    return answer.fail(refuse('message-invalid', { detail: 'a response from a modern client' }));
  // Revision 2026-07-28 has no notification from clients over HTTP, and nothing could tell whose it is.
  if (request.message.kind === 'notification') {
    answer.start(202, []);
    return answer.end();
  }
  return server.call(request, answer);
}

function forwardLegacy(server: TwoEraServer, request: Forwardable, answer: Answer): void {
  const { sessionId } = request;
  if (sessionId === null) {
    if (!isPosted(request) || request.message.method !== 'initialize') return answer.fail(refuse('session-missing'));
    return server.openSession(request, answer);
  }
  const session = server.session(sessionId);
  if (session === undefined) return answer.fail(refuse('session-unknown'));
  if (isPosted(request)) return session.post(request, answer);
  if (request.httpMethod === 'GET') return session.listen(answer);
  void session.end();
  answer.start(200, []);
  return answer.end();
}
