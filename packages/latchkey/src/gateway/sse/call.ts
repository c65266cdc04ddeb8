import { refuse, type Refusal } from '../../core/reason.ts';
import type { Exchange } from '../exchange.ts';
import { headerOf } from '../../core/header-of.ts';
import type { Finish } from '../http-answer.ts';
import type { OpenAnswer } from '../open-answer.ts';
import { callerHeaders } from '../caller-headers.ts';
import type { StreamPlace } from '../event-reader.ts';
import { Inflow, type InflowEvents } from './inflow.ts';
import type { Outstanding, SseStream } from './stream.ts';

/** What the gateway adds to the answer of a message on a stream. */
export interface CallFinish extends Finish {
  /** The JSON-RPC error that tells of a refusal. */
  toError(refusal: Refusal): string;
  /** The upstream took `notifications/initialized`: what belongs to no message may be asked for. */
  listen(stream: SseStream): void;
  /** Has the upstream go on with its answer behind that place, in its session. */
  resume(from: StreamPlace, sessionId: string, inflow: Inflow): void;
  /** Milliseconds in which the answer must come when it is gone on with. */
  readonly callMaxMs: number;
  /** The exchange is over. */
  finished(): void;
}

// A cancelled request gets no response (MCP 2025-11-25, Cancellation), so its answer may never end by itself.
const CANCELLED_MS = 1000;

/** A message that was posted to a stream, from its 202 to its answer there. */
export class SseCall implements OpenAnswer, InflowEvents, Outstanding {
  readonly #stream: SseStream;
  readonly #exchange: Exchange;
  readonly #finish: CallFinish;
  readonly #id: string | null;
  #answered: boolean;
  #inflow: Inflow;
  #status = 0;
  #sessionId: string | null;
  #resumed: NodeJS.Timeout | null = null;
  #posted = false;
  #over = false;

  constructor(stream: SseStream, exchange: Exchange, finish: CallFinish) {
    const { message } = exchange;
    this.#stream = stream;
    this.#exchange = exchange;
    this.#finish = finish;
    this.#id = message?.kind === 'request' ? message.id : null;
    this.#answered = this.#id === null;
    this.#sessionId = exchange.sessionId;
    this.#inflow = new Inflow(stream, this);
    stream.expect(this.#id, this);
  }

  /** Where the upstream puts the answer. */
  get inflow(): Inflow {
    return this.#inflow;
  }

  get unread(): number {
    return this.#inflow.held;
  }

  /** Answers the POST, unless the upstream refused at once. */
  accept(): void {
    const { response } = this.#exchange;
    if (response.headersSent) return;
    response.writeHead(202, ['content-length', '0', ...callerHeaders(this.#exchange)]);
    response.end();
  }

  onStart(status: number, headers: readonly string[]): void {
    if (this.#resumed !== null) return;
    this.#status = status;
    this.#sessionId ??= headerOf(headers, 'mcp-session-id');
    const sealed = headerOf(this.#finish.finishHeaders(status, headers), 'mcp-session-id');
    if (sealed !== null) this.#stream.keep(sealed, headerOf(headers, 'mcp-session-id') ?? '');
  }

  onMessage(text: string): void {
    const message = parse(text);
    if (message === null) return;
    this.#stream.send(text);
    if (this.#isResponse(message)) this.#answered = true;
  }

  onEnd(body: string): void {
    if (this.#resume()) return;
    if (body !== '' && !this.#answered) this.#deliver(body);
    this.#tell(refuse('upstream-invalid'));
    const { message, sessionId } = this.#exchange;
    const taken = this.#status >= 200 && this.#status < 300;
    if (taken && message?.method === 'notifications/initialized') this.#finish.listen(this.#stream);
    this.#settle();
    // The upstream has forgotten the session, and the client learns it by the end of its stream.
    if (this.#status === 404 && sessionId !== null) this.#stream.conclude();
  }

  onFail(refusal: Refusal): void {
    if (refusal.reason === 'upstream-unreachable' && this.#resume()) return;
    if (this.#exchange.response.headersSent) {
      this.#exchange.outcome ??= refusal;
      this.#tell(refusal);
    } else this.#finish.refuse(refusal);
    this.#settle();
    if (refusal.reason === 'session-unknown') this.#stream.conclude();
  }

  onLeave(): void {
    this.#settle();
  }

  cancel(): void {
    this.#answered = true;
    setTimeout(() => this.#inflow.leave(), CANCELLED_MS).unref();
  }

  abort(): void {
    this.#end(refuse('internal'));
  }

  conclude(refusal: Refusal): void {
    this.#end(refusal);
  }

  closed(): boolean {
    this.#posted = true;
    return this.#over;
  }

  #end(refusal: Refusal): void {
    if (this.#over) return;
    this.#exchange.outcome ??= refusal;
    this.#tell(refusal);
    this.#inflow.leave();
  }

  /** Goes on with a stream that ended before the response, where the server gave its events ids. */
  #resume(): boolean {
    const { place } = this.#inflow;
    if (this.#answered || place === null || this.#sessionId === null) return false;
    this.#resumed ??= setTimeout(() => this.#end(refuse('upstream-timeout')), this.#finish.callMaxMs).unref();
    this.#inflow = new Inflow(this.#stream, this, place);
    this.#finish.resume(place, this.#sessionId, this.#inflow);
    return true;
  }

  /** A body of JSON. An error without the id of what it is about gets it: on the stream nothing else says so. */
  #deliver(body: string): void {
    const message = parse(body);
    if (message === null) return;
    this.#answered = true;
    if (this.#isResponse(message)) return this.#stream.send(body);
    const error = message['error'];
    if (this.#status >= 400 && typeof error === 'object' && error !== null)
      return this.#stream.send(`{"jsonrpc":"2.0","id":${this.#id},"error":${JSON.stringify(error)}}`);
    this.#answered = false;
    return undefined;
  }

  #tell(refusal: Refusal): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#stream.send(this.#finish.toError(refusal));
  }

  #isResponse(message: Record<string, unknown>): boolean {
    if (this.#id === null || message['method'] !== undefined) return false;
    return message['id'] === JSON.parse(this.#id) && ('result' in message || 'error' in message);
  }

  #settle(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#resumed !== null) clearTimeout(this.#resumed);
    this.#stream.settle(this.#id, this);
    if (this.#posted) this.#finish.finished();
  }
}

/** The object that a text spells; null when it spells none. */
function parse(text: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
