import type { Principal } from '../../core/principal.ts';
import { headerOf } from '../../core/header-of.ts';
import { refuse, type Refusal } from '../../core/reason.ts';
import type { Answer, Forwardable } from '../../core/upstream.ts';
import { isPlain, type Exchange, type ProtectedServer, type Stage, type StageResult } from '../exchange.ts';
import { endsSession } from '../../lock/limit-open.ts';
import { passesWhole } from '../../lock/showing.ts';
import { expectsList } from '../../lock/unanswered-lists.ts';
import { callerHeaders } from '../caller-headers.ts';
import type { GatewayState } from '../state.ts';
import { HttpAnswer } from '../http-answer.ts';
import type { StreamPlace } from '../event-reader.ts';
import { callPlainly } from '../plain-answer.ts';
import { pauseBefore, toResumption } from '../resumption.ts';
import { SseCall, type CallFinish } from '../sse/call.ts';
import type { Inflow } from '../sse/inflow.ts';
import { listen } from '../sse/listening.ts';
import type { SseStream } from '../sse/stream.ts';
import { subjectOf } from '../subject.ts';
import { createVisibleAnswer } from '../visible-answer.ts';

/** Hands what was judged to the upstream. The client's credentials end here. */
export function forwardStage(state: GatewayState): Stage {
  return {
    name: 'forward',
    run(exchange) {
      const { server, principal } = exchange;
      if (server === null || principal === null) return refuse('internal');
      const refusal = unsealSession(state, exchange, server, principal);
      if (refusal !== null) return refusal;
      return forward(state, exchange, server, principal);
    },
  };
}

function forward(state: GatewayState, exchange: Exchange, server: ProtectedServer, principal: Principal): StageResult {
  const request = forwardable(exchange, principal);
  const finish = new ForwardFinish(state, exchange, { server, principal, request });
  if (exchange.sse !== null) return forwardToStream(state, exchange, exchange.sse, finish);
  const answer = new HttpAnswer(exchange.response, finish);
  exchange.answer = answer;
  state.open.add(exchange);
  if (isPlain(exchange.route)) callPlainly(state, { exchange, server, principal, request }, answer);
  else send(state, exchange, finish, answer);
  return 'done';
}

/** The POST is answered as soon as the message is on its way; what comes back goes to the stream. */
function forwardToStream(state: GatewayState, exchange: Exchange, stream: SseStream, finish: ForwardFinish): 'done' {
  const call = new SseCall(stream, exchange, finish);
  exchange.answer = call;
  state.open.add(exchange);
  // The upstream may end the cancelled answer as soon as it is told.
  const cancelled = exchange.message?.cancels ?? null;
  if (cancelled !== null) stream.cancel(cancelled);
  send(state, exchange, finish, call.inflow);
  call.accept();
  return 'done';
}

interface Forwarded {
  readonly server: ProtectedServer;
  readonly principal: Principal;
  readonly request: Forwardable;
}

function send(
  state: GatewayState,
  exchange: Exchange,
  { server, principal, request }: Forwarded,
  answer: Answer,
): void {
  const { era, startedAt: at, message } = exchange;
  const method = message === null ? request.httpMethod : message.method;
  const open = exchange.sessionId === null ? null : state.sessions.listsOf(exchange.headers.sessionId ?? '');
  const lists = message !== null && expectsList(message, open) ? open : null;
  const visible =
    lists === null && passesWhole(method)
      ? answer
      : createVisibleAnswer(state, { server, principal, era, at, message, lists }, answer);
  server.upstream.forward(request, visible);
}

/** Seals session ids on their way out, and says in the caller's terms what went wrong behind the gateway. */
class ForwardFinish implements CallFinish, Forwarded {
  readonly server: ProtectedServer;
  readonly principal: Principal;
  readonly request: Forwardable;
  readonly #state: GatewayState;
  readonly #exchange: Exchange;

  constructor(state: GatewayState, exchange: Exchange, { server, principal, request }: Forwarded) {
    this.#state = state;
    this.#exchange = exchange;
    this.server = server;
    this.principal = principal;
    this.request = request;
  }

  get streamIdleMs(): number {
    return this.#state.options.limits.streamIdleMs;
  }

  get callMaxMs(): number {
    return this.#state.options.limits.callMaxMs;
  }

  refuse(refusal: Refusal): void {
    this.#state.refuse(this.#exchange, refusal);
  }

  toError(refusal: Refusal): string {
    return this.#state.toError(this.#exchange, refusal);
  }

  listen(stream: SseStream): void {
    const { protocolVersion } = this.#exchange.headers;
    listen(this.#state, { server: this.server, stream, protocolVersion });
  }

  resume(from: StreamPlace, sessionId: string, inflow: Inflow): void {
    const { server, principal } = this;
    const shown = { server, principal, era: 'legacy', at: Date.now(), message: null } as const;
    setTimeout(() => {
      if (inflow.aborted) return;
      const request = toResumption(this.request, sessionId, from);
      server.upstream.forward(request, createVisibleAnswer(this.#state, shown, inflow));
    }, pauseBefore(from)).unref();
  }

  finished(): void {
    this.#state.finish(this.#exchange);
  }

  finishHeaders(status: number, headers: readonly string[]): readonly string[] {
    const { sessionId, headers: sent } = this.#exchange;
    const sealed = sent.sessionId;
    if (sessionId !== null && sealed !== null && endsSession(this.#exchange.httpMethod, status))
      this.#state.sessions.end(sealed);
    if (status === 404 || status === 405) this.#explainNowhere(status);
    const added = callerHeaders(this.#exchange);
    // Most answers get none, and need no copy.
    return added.length === 0 ? this.#sealSession(headers) : [...this.#sealSession(headers), ...added];
  }

  // The status is the server's own and passes, so the trail has no reason for it.
  #explainNowhere(status: number): void {
    const { upstream, name: server } = this.server;
    if (this.#exchange.message?.method !== 'initialize' || upstream.kind !== 'http') return;
    const text = 'the server takes no initialize at upstream.url: another path, or one that speaks HTTP+SSE only';
    this.#state.options.log('warn', text, { server, status });
  }

  // A session begins with `initialize`, and 2026-07-28 has none: what an upstream says of others does not go out.
  #sealSession(headers: readonly string[]): readonly string[] {
    const id = headerOf(headers, 'mcp-session-id');
    if (id === null) return headers;
    const others = headers.filter((_, at) => headers[at - (at % 2)] !== 'mcp-session-id');
    const sealed = this.#openSession(id);
    return sealed === null ? others : [...others, 'mcp-session-id', sealed];
  }

  #openSession(id: string): string | null {
    const exchange = this.#exchange;
    exchange.opening = false;
    if (exchange.era === 'modern') return null;
    if (exchange.message?.method === 'initialize')
      return this.#state.sessions.open(this.server, this.principal, id, exchange.startedAt);
    return id === exchange.sessionId ? exchange.headers.sessionId : null;
  }
}

function unsealSession(
  state: GatewayState,
  exchange: Exchange,
  server: ProtectedServer,
  principal: Principal,
): Refusal | null {
  const sealed = exchange.headers.sessionId;
  // 2026-07-28 has no sessions: the header is ignored.
  if (exchange.era === 'modern' || sealed === null) return null;
  exchange.sessionId = state.sessions.unseal(server, principal, sealed, exchange.startedAt);
  return exchange.sessionId === null ? refuse('session-unknown') : null;
}

function forwardable(exchange: Exchange, principal: Principal): Forwardable {
  const { headers } = exchange;
  const passed = headers.passed;
  passed.push('accept', headers.accept ?? 'application/json, text/event-stream');
  if (exchange.body !== null) passed.push('content-type', 'application/json');
  if (headers.protocolVersion !== null) passed.push('mcp-protocol-version', headers.protocolVersion);
  if (headers.mcpMethod !== null) passed.push('mcp-method', headers.mcpMethod);
  if (headers.mcpName !== null) passed.push('mcp-name', headers.mcpName);
  // Outside of a session nobody could tell whose stream it is from.
  if (headers.lastEventId !== null && exchange.sessionId !== null) passed.push('last-event-id', headers.lastEventId);
  return {
    httpMethod: exchange.message === null ? (exchange.request.method as Forwardable['httpMethod']) : 'POST',
    era: exchange.era,
    principal,
    message: exchange.message,
    sessionId: exchange.sessionId,
    headers: passed,
    subject: subjectOf(exchange.subject, principal),
  };
}
