import { randomBytes } from 'node:crypto';
import type { DeclaredTools, ToolRunner } from '../core/declared-tool.ts';
import { refuse } from '../core/reason.ts';
import type { Protocol } from '../core/revision.ts';
import type { Answer, Forwardable, Upstream } from '../core/upstream.ts';
import type { Log } from '../core/log.ts';
import type { Posted } from './stdio/modern-call.ts';
import { createReply } from './stdio/reply.ts';
import type { ToInputSchema } from './tools/server-answers.ts';
import { ToolCalls } from './tools/server-calls.ts';
import { ToolListeners } from './tools/server-listeners.ts';
import { ToolRequests } from './tools/server-requests.ts';
import { ToolSession } from './tools/session.ts';

export interface ToolsUpstreamOptions {
  readonly tools: DeclaredTools;
  readonly runner: ToolRunner;
  readonly toInputSchema: ToInputSchema;
  /** The eras callers may speak; it shows in `server/discover`. */
  readonly protocol: Protocol;
  /** What a call gets besides its tool's own time-out, to wait for its turn and to end. */
  readonly callTimeoutMs: number;
  /** Sessions of legacy callers, all together. Default 10,000. */
  readonly maxSessions?: number;
  readonly log: Log;
}

export interface ToolsUpstream extends Upstream {
  /** Puts another set of tools in force, in one step, and tells everybody who listens. */
  replace(tools: DeclaredTools): void;
}

const MAX_SESSIONS = 10_000;

/**
 * Tools declared in a file, as an MCP server for callers of either era (MCP 2026-07-28 and 2025-11-25 transports). It has
 * tools alone. Answers are JSON, never a stream, but for those who listen.
 */
export function createToolsUpstream(options: ToolsUpstreamOptions): ToolsUpstream {
  const { runner, maxSessions = MAX_SESSIONS } = options;
  const calls = new ToolCalls(options);
  const requests = new ToolRequests(options.tools, { ...options, calls });
  const listeners = new ToolListeners();
  const sessions = new Map<string, ToolSession>();

  function forwardModern(request: Forwardable, answer: Answer): void {
    if (!isPosted(request)) return answer.fail(refuse('http-method', { allow: ['POST'] }));
    const { message } = request;
    if (message.kind === 'response')
      return answer.fail(refuse('message-invalid', { detail: 'a response from a modern client' }));
    // Revision 2026-07-28 has no notification from clients over HTTP; none is ever answered.
    if (message.kind === 'notification') return accept(answer);
    if (message.method === 'subscriptions/listen') return listeners.listen(request, answer);
    const reply = createReply(request, answer);
    if (message.method === 'server/discover') return requests.discover(reply);
    const cancel = requests.answer('modern', message, reply, () => {});
    if (cancel !== null) reply.onGone = cancel;
    return undefined;
  }

  function forwardLegacy(request: Forwardable, answer: Answer): void {
    const { sessionId } = request;
    if (sessionId === null) {
      if (!isPosted(request) || request.message.method !== 'initialize') return answer.fail(refuse('session-missing'));
      return openSession(request, answer);
    }
    const session = sessions.get(sessionId);
    if (session === undefined) return answer.fail(refuse('session-unknown'));
    if (isPosted(request)) return session.post(request, answer);
    if (request.httpMethod === 'GET') return session.listen(answer);
    session.end();
    answer.start(200, []);
    return answer.end();
  }

  function openSession(request: Posted, answer: Answer): void {
    if (sessions.size >= maxSessions) return answer.fail(refuse('limit-sessions', { retryAfterSeconds: 5 }));
    const id = randomBytes(16).toString('hex');
    const session = new ToolSession(requests, id, () => void sessions.delete(id));
    sessions.set(id, session);
    return session.post(request, answer);
  }

  return {
    kind: 'tools',
    label: `tools:${options.tools.name}`,
    forward(request, answer) {
      if (answer.aborted) return;
      if (request.era === 'modern') forwardModern(request, answer);
      else forwardLegacy(request, answer);
    },
    replace(tools) {
      requests.replace(tools);
      listeners.tellChanged();
      for (const session of sessions.values()) session.tellChanged();
    },
    endSession: (sessionId) => sessions.get(sessionId)?.end(),
    async close() {
      listeners.end();
      calls.close();
      for (const session of sessions.values()) session.end();
      await runner.close();
    },
  };
}

function isPosted(request: Forwardable): request is Posted {
  return request.message !== null;
}

function accept(answer: Answer): void {
  answer.start(202, []);
  answer.end();
}
