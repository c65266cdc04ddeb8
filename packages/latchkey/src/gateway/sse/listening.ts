import type { Refusal } from '../../core/reason.ts';
import type { Forwardable } from '../../core/upstream.ts';
import type { StreamPlace } from '../event-reader.ts';
import type { ProtectedServer } from '../exchange.ts';
import { pauseBefore } from '../resumption.ts';
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
 * is gone on with when it ends, or opened anew.
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
  #inflow: Inflow | null = null;
  #place: StreamPlace | null = null;
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
    this.#inflow = new Inflow(stream, this, this.#place);
    server.upstream.forward(request, createVisibleAnswer(this.#state, shown, this.#inflow));
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
    if (this.#status < 400) this.#openAgain(this.#inflow?.place ?? null);
    else if (this.#place !== null) this.#openAgain(null);
  }

  onFail({ reason }: Refusal): void {
    if (reason === 'session-unknown') this.#listened.stream.conclude();
    else if (reason !== 'http-method') this.#openAgain(this.#inflow?.place ?? this.#place);
  }

  onLeave(): void {}

  #openAgain(place: StreamPlace | null): void {
    this.#place = place;
    const pauseMs = place === null ? this.#pauseMs : Math.max(this.#pauseMs, pauseBefore(place));
    setTimeout(() => this.open(), pauseMs).unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  #request(): Forwardable {
    const { server, stream, protocolVersion } = this.#listened;
    const headers = ['accept', 'text/event-stream'];
    if (protocolVersion !== null) headers.push('mcp-protocol-version', protocolVersion);
    const { sealed, principal, asker } = stream;
    const sessionId = sealed === null ? null : this.#state.sessions.unseal(server, principal, sealed, Date.now());
    // Outside of a session nobody could tell whose stream it is from.
    if (this.#place !== null && sessionId !== null) headers.push('last-event-id', this.#place.lastEventId);
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
