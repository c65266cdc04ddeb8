import { isVisible, needsFilter } from '../../core/visibility.ts';
import { filterList, LIST_METHODS, type Visible } from '../../core/filter-list.ts';
import type { Principal } from '../../core/principal.ts';
import { refuse, type Refusal } from '../../core/reason.ts';
import type { Answer, Forwardable } from '../../core/upstream.ts';
import type { Exchange, ProtectedServer, Stage, StageResult } from '../exchange.ts';
import { corsHeaders } from '../cors.ts';
import { createFilterAnswer } from '../filter-answer.ts';
import type { GatewayState } from '../state.ts';
import { HttpAnswer, type Finish } from '../http-answer.ts';

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
  const answer = new HttpAnswer(exchange.response, new ForwardFinish(state, exchange, server, principal));
  exchange.answer = answer;
  state.open.add(exchange);
  server.upstream.forward(forwardable(exchange, principal), filtered(state, exchange, server, principal, answer));
  return 'done';
}

/** Seals session ids on their way out, and says in the caller's terms what went wrong behind the gateway. */
class ForwardFinish implements Finish {
  readonly #state: GatewayState;
  readonly #exchange: Exchange;
  readonly #server: ProtectedServer;
  readonly #principal: Principal;

  constructor(state: GatewayState, exchange: Exchange, server: ProtectedServer, principal: Principal) {
    this.#state = state;
    this.#exchange = exchange;
    this.#server = server;
    this.#principal = principal;
  }

  get streamIdleMs(): number {
    return this.#state.options.limits.streamIdleMs;
  }

  refuse(refusal: Refusal): void {
    this.#state.refuse(this.#exchange, refusal);
  }

  finishHeaders(status: number, headers: readonly string[]): readonly string[] {
    const { sessionId, origin } = this.#exchange;
    const sealed = this.#exchange.headers.sessionId;
    if (sessionId !== null && sealed !== null && endsSession(this.#exchange, status)) this.#state.sessions.end(sealed);
    const finished = this.#sealSession(headers);
    return origin === null ? finished : [...finished, ...corsHeaders(this.#exchange)];
  }

  #sealSession(headers: readonly string[]): readonly string[] {
    const index = headers.indexOf('mcp-session-id');
    if (index === -1) return headers;
    // 2026-07-28 has no sessions: what an upstream says of one does not go out.
    if (this.#exchange.era === 'modern') return headers.toSpliced(index, 2);
    const id = headers[index + 1] as string;
    return headers.toSpliced(
      index + 1,
      1,
      this.#state.sessions.open(this.#server, this.#principal, id, this.#exchange.startedAt),
    );
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

function endsSession(exchange: Exchange, status: number): boolean {
  return status === 404 || (exchange.request.method === 'DELETE' && status >= 200 && status < 300);
}

function forwardable(exchange: Exchange, principal: Principal): Forwardable {
  const { headers } = exchange;
  const passed = headers.passed;
  passed.push('accept', headers.accept ?? 'application/json, text/event-stream');
  if (exchange.body !== null) passed.push('content-type', 'application/json');
  if (headers.protocolVersion !== null) passed.push('mcp-protocol-version', headers.protocolVersion);
  if (headers.mcpMethod !== null) passed.push('mcp-method', headers.mcpMethod);
  if (headers.mcpName !== null) passed.push('mcp-name', headers.mcpName);
  return {
    httpMethod: exchange.request.method as Forwardable['httpMethod'],
    era: exchange.era,
    principal,
    message: exchange.message,
    sessionId: exchange.sessionId,
    headers: passed,
  };
}

function filtered(
  state: GatewayState,
  exchange: Exchange,
  server: ProtectedServer,
  principal: Principal,
  answer: Answer,
): Answer {
  const { message } = exchange;
  // A resumed GET stream can replay the answer to a list request.
  const lists =
    message === null
      ? exchange.request.method === 'GET' && (server.pin !== 'off' || needsFilter(server.policy, principal))
      : LIST_METHODS.has(message.method);
  if (!lists) return answer;
  const pins = state.pinsOf(server);
  const visible: Visible = (kind, name, entry) => {
    const fits = pins === null || kind !== 'tools' || pins.see(entry, exchange.startedAt);
    return isVisible(server.policy, principal, kind, name) && fits;
  };
  return createFilterAnswer(answer, (text) => filterList(text, visible, exchange.era), state.options.limits.listBytes);
}
