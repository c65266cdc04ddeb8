import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Principal } from '../../core/principal.ts';
import type { Asker } from '../../core/upstream-tokens.ts';
import type { OpenAnswer } from '../open-answer.ts';

/** What flows from the upstream into a stream: the answer to one message, or what belongs to none. */
export interface Inlet {
  /** Bytes of what is not whole yet. */
  readonly held: number;
  /** There is room again. */
  drained(): void;
  /** Nobody listens any more. */
  leave(): void;
}

/** A message whose answer goes to a stream. */
export interface Outstanding {
  /** Its caller wants no answer any more. */
  cancel(): void;
}

export interface StreamOptions {
  readonly asker: Asker;
  readonly unreadBytes: number;
  readonly idleMs: number;
  /** Called when the upstream has opened a session: its sealed id, and its own. */
  readonly onSession: (sealed: string, upstreamId: string) => void;
  readonly onClosed: () => void;
}

// Comments, so that nothing between here and the client takes an idle stream for dead.
const KEEP_ALIVE_MS = 25_000;
/** A message is answered at once here, so that connections bound no client's calls. */
const MAX_OUTSTANDING = 100;

/** One client of the HTTP+SSE transport (MCP 2024-11-05): the stream that carries every answer to its messages. */
export class SseStream implements OpenAnswer {
  /** What the client calls its session by; it proves nothing. */
  readonly id = randomBytes(32).toString('base64url');
  readonly principal: Principal;
  /** For whom the upstream is asked on the stream's own account. */
  readonly asker: Asker;
  /** The upstream's session as `Sessions` sealed it; null before there is one. */
  sealed: string | null = null;
  /** Whether what belongs to no message was asked for. */
  listening = false;
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  readonly #inlets = new Set<Inlet>();
  readonly #outstanding = new Map<unknown, Outstanding>();
  #timer: NodeJS.Timeout | null = null;
  #usedAt = performance.now();
  #state: 'open' | 'ending' | 'over' = 'open';

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = options;
    this.asker = options.asker;
    this.principal = options.asker.principal;
  }

  get usable(): boolean {
    return this.#state === 'open';
  }

  get full(): boolean {
    return this.#outstanding.size >= MAX_OUTSTANDING;
  }

  get unread(): number {
    return this.#response.writableLength;
  }

  /** Sends the first event: where messages are to be posted. */
  open(headers: readonly string[], messagesPath: string): void {
    const { idleMs } = this.#options;
    this.#response.writeHead(200, headers as string[]);
    this.#response.write(`event: endpoint\ndata: ${messagesPath}?sessionId=${this.id}\n\n`);
    this.#response.on('drain', () => {
      for (const inlet of this.#inlets) inlet.drained();
    });
    this.#timer = setInterval(() => this.#look(), Math.min(KEEP_ALIVE_MS, idleMs / 2)).unref();
  }

  keep(sealed: string, upstreamId: string): void {
    this.sealed = sealed;
    this.#options.onSession(sealed, upstreamId);
  }

  /** `json` is one message; line ends in it become spaces, which JSON has only between its parts. */
  send(json: string): void {
    if (this.#state === 'over') return;
    this.#usedAt = performance.now();
    this.#response.write(`event: message\ndata: ${json.replaceAll(/[\r\n]/g, ' ')}\n\n`);
  }

  /** False when the upstream should wait. A client that leaves too much unread is cut. */
  hasRoom(): boolean {
    let waiting = this.#response.writableLength;
    for (const { held } of this.#inlets) waiting += held;
    if (waiting > this.#options.unreadBytes) this.abort();
    return this.#state !== 'over' && !this.#response.writableNeedDrain;
  }

  add(inlet: Inlet): void {
    this.#inlets.add(inlet);
  }

  remove(inlet: Inlet): void {
    this.#inlets.delete(inlet);
  }

  /** Takes note of a message; `id` is its exact JSON text, null where it has none. */
  expect(id: string | null, message: Outstanding): void {
    this.#usedAt = performance.now();
    this.#outstanding.set(id === null ? message : toKey(id), message);
  }

  isExpecting(id: string): boolean {
    return this.#outstanding.has(toKey(id));
  }

  cancel(id: string): void {
    this.#outstanding.get(toKey(id))?.cancel();
  }

  /** Nothing more comes for that message. */
  settle(id: string | null, message: Outstanding): void {
    this.#outstanding.delete(id === null ? message : toKey(id));
    this.#endWhenDone();
  }

  abort(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#response.destroy();
  }

  /** Takes no more messages, and ends when those that came have their answers. */
  conclude(): void {
    if (this.#state === 'open') this.#state = 'ending';
    this.#endWhenDone();
  }

  closed(): boolean {
    this.#state = 'over';
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const inlet of this.#inlets) inlet.leave();
    this.#options.onClosed();
    return true;
  }

  #endWhenDone(): void {
    if (this.#state !== 'ending' || this.#outstanding.size > 0) return;
    this.#state = 'over';
    this.#response.end();
  }

  #look(): void {
    if (this.#state === 'over') return;
    if (this.#outstanding.size === 0 && performance.now() - this.#usedAt >= this.#options.idleMs) this.conclude();
    else this.#response.write(':\n\n');
  }
}

/** Equal for all spellings of an id that a client reads as the same value. */
function toKey(id: string): string {
  return id.includes('\\') ? JSON.stringify(JSON.parse(id)) : id;
}
