import { randomBytes } from 'node:crypto';
import type { DeclaredTools, ToolRunner } from '../core/declared-tool.ts';
import { refuse } from '../core/reason.ts';
import type { Protocol } from '../core/revision.ts';
import type { Answer, Upstream } from '../core/upstream.ts';
import type { Log } from '../core/log.ts';
import { forwardByEra, type TwoEraServer } from './forward-by-era.ts';
import type { Posted } from './posted.ts';
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

  function call(request: Posted, answer: Answer): void {
    const { message } = request;
    if (message.method === 'subscriptions/listen') return listeners.listen(request, answer);
    const reply = createReply(request, answer);
    if (message.method === 'server/discover') return requests.discover(reply);
    const cancel = requests.answer('modern', message, reply, () => {});
    if (cancel !== null) reply.onGone = cancel;
    return undefined;
  }

  function openSession(request: Posted, answer: Answer): void {
    if (sessions.size >= maxSessions) return answer.fail(refuse('limit-sessions', { retryAfterSeconds: 5 }));
    const id = randomBytes(16).toString('hex');
    const session = new ToolSession(requests, id, () => void sessions.delete(id));
    sessions.set(id, session);
    return session.post(request, answer);
  }

  const server: TwoEraServer = { call, openSession, session: (id) => sessions.get(id) };

  return {
    kind: 'tools',
    label: `tools:${options.tools.name}`,
    forward: (request, answer) => forwardByEra(server, request, answer),
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
