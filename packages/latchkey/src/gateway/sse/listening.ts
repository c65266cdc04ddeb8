import type { Refusal } from '../../core/reason.ts';
import type { Forwardable } from '../../core/upstream.ts';
import type { ProtectedServer } from '../exchange.ts';
import type { GatewayState } from '../state.ts';
import { createVisibleAnswer } from '../visible-answer.ts';
import { Inflow, type InflowEvents } from './inflow.ts';
import type { SseStream } from './stream.ts';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** Who listens to what, and as a client of which revision (as the header says it). */
export interface Listened {
  readonly server: ProtectedServer;
  readonly stream: SseStream;
  readonly protocolVersion: string | null;
}

/**
 * Has what the upstream says on its own account flow into the stream: its GET stream (MCP 2025-11-25, Transports), which
 * is opened anew when it ends.
 */
export function listen(state: GatewayState, listened: Listened): void {
  if (listened.stream.listening) return;
  listened.stream.listening = true;
  new Listening(state, listened).open();
}

class Listening implements InflowEvents {
  readonly #state: GatewayState;
  readonly #listened: Listened;
  #pauseMs = FIRST_PAUSE_MS;
  #status = 0;

  constructor(state: GatewayState, listened: Listened) {
    this.#state = state;
    this.#listened = listened;
  }

  open(): void {
    const { server, stream } = this.#listened;
    if (!stream.usable) return;
    const request = this.#request();
    const shown = { server, principal: stream.principal, era: 'legacy', at: Date.now(), message: null } as const;
    server.upstream.forward(request, createVisibleAnswer(this.#state, shown, new Inflow(stream, this)));
  }

  onStart(status: number): void {
    this.#status = status;
  }

  onMessage(text: string): void {
    if (!isJson(text)) return;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#listened.stream.send(text);
  }

  onEnd(): void {
    // Any other status, 404 too, says that this server has nothing to say there.
    if (this.#status < 400) this.#openAgain();
  }

  onFail({ reason }: Refusal): void {
    if (reason === 'session-unknown') this.#listened.stream.conclude();
    else if (reason !== 'http-method') this.#openAgain();
  }

  onLeave(): void {}

  #openAgain(): void {
    setTimeout(() => this.open(), this.#pauseMs).unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  #request(): Forwardable {
    const { server, stream, protocolVersion } = this.#listened;
    const headers = ['accept', 'text/event-stream'];
    if (protocolVersion !== null) headers.push('mcp-protocol-version', protocolVersion);
    const { sealed, principal, asker } = stream;
    const sessionId = sealed === null ? null : this.#state.sessions.unseal(server, principal, sealed, Date.now());
    return { httpMethod: 'GET', era: 'legacy', ...asker, message: null, sessionId, headers };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
