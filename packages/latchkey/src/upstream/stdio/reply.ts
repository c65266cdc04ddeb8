import { STREAM_HEADERS } from '../../core/event-stream.ts';
import type { Message } from '../../core/message.ts';
import type { Answer, Forwardable } from '../../core/upstream.ts';
import type { Refusal } from '../../core/reason.ts';
import { toError } from './json.ts';
import { flatten } from './lines.ts';
import { splice, type Edit, type Room } from './splice.ts';

const JSON_HEADERS = ['content-type', 'application/json', 'cache-control', 'no-store'];
const EVENT = Buffer.from('event: message\ndata: ');
const EVENT_END = Buffer.from('\n\n');
const ROOM: Room = { before: EVENT.length, after: EVENT_END.length };
// What a caller who does not read may make the gateway hold; then that answer is cut, and nobody else waits for it.
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
// Comments on an idle stream, so that nothing between the gateway and the caller takes it for dead.
const KEEP_ALIVE_MS = 25_000;
// Clients and proxies give up on an answer without headers, many after 60 s, where an idle stream does not end.
const SILENT_MS = 15_000;
const COMMENT = Buffer.from(':\n\n');

/** The reply to a call: a stream too where it takes long, if the caller takes one. */
export function createReply(
  { message, headers }: Pick<Forwardable, 'headers'> & { message: Message },
  answer: Answer,
): Reply {
  const reply = new Reply(answer, message.id ?? 'null');
  // The id of a session stands in the headers of its answer.
  if (message.method !== 'initialize' && takesStream(headers)) reply.streamLater();
  return reply;
}

function takesStream(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i] === 'accept') return (headers[i + 1] as string).toLowerCase().includes('text/event-stream');
  return false;
}

/** An answer in JSON-RPC's words: one JSON document, or a stream of events once something comes before the response. */
export class Reply {
  /** The caller's own id, exact JSON text; `null` for a stream that answers no request. */
  readonly id: string;
  readonly #answer: Answer;
  #state: 'waiting' | 'stream' | 'done' = 'waiting';
  #blocked = false;
  #unread = 0;
  #onGone: (() => void) | null = null;
  #silent: NodeJS.Timeout | null = null;
  #keepAlive: NodeJS.Timeout | null = null;

  constructor(answer: Answer, id: string) {
    this.#answer = answer;
    this.id = id;
    answer.onAbort(() => this.#gone());
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  get streaming(): boolean {
    return this.#state === 'stream';
  }

  /** Runs once if the caller goes away (or is cut off) before the end. */
  set onGone(handler: () => void) {
    this.#onGone = handler;
  }

  /** Starts the stream when nothing else came for a while. */
  streamLater(): void {
    this.#silent = setTimeout(() => this.stream(), SILENT_MS).unref();
  }

  /** Starts the stream, if it has not started. */
  stream(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'stream';
    this.#answer.start(200, STREAM_HEADERS);
    this.#keepAlive = setInterval(() => this.#write(COMMENT), KEEP_ALIVE_MS).unref();
    this.#answer.onDrain(() => {
      this.#blocked = false;
      this.#unread = 0;
    });
  }

  event(json: Buffer, edits: Edit[] = []): void {
    if (this.#state === 'done') return;
    this.stream();
    this.#write(toEvent(json, edits));
  }

  /** The response, and the end. `status` and `headers` count only where no stream has started. */
  finish(json: Buffer, status = 200, headers: readonly string[] = []): void {
    if (this.#state === 'done') return;
    const streaming = this.#state === 'stream';
    this.#settle();
    if (streaming) return this.#answer.end(toEvent(json, []));
    const length = String(json.length);
    this.#answer.start(status, [...JSON_HEADERS, 'content-length', length, ...headers]);
    this.#answer.end(json);
  }

  /** Ends without a response. */
  close(): void {
    if (this.#state === 'done') return;
    this.stream();
    this.#settle();
    this.#answer.end();
  }

  /** Refuses; on an open stream as a JSON-RPC error with that text. */
  fail(refusal: Refusal, text: string): void {
    if (this.#state === 'done') return;
    if (this.#state === 'stream') return this.id === 'null' ? this.#cut() : this.finish(toError(this.id, -32603, text));
    this.#settle();
    this.#answer.fail(refusal);
  }

  #write(bytes: Buffer): void {
    if (this.#blocked) this.#unread += bytes.length;
    if (this.#unread > MAX_UNREAD_BYTES) return this.#cut();
    if (!this.#answer.write(bytes)) this.#blocked = true;
  }

  #cut(): void {
    this.#answer.abort();
    this.#gone();
  }

  #gone(): void {
    if (this.#state === 'done') return;
    this.#settle();
    this.#onGone?.();
  }

  #settle(): void {
    this.#state = 'done';
    if (this.#silent !== null) clearTimeout(this.#silent);
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
  }
}

function toEvent(json: Buffer, edits: Edit[]): Buffer {
  const event = splice(json, edits, ROOM);
  EVENT.copy(event);
  // A raw return in the JSON would end the event's line.
  flatten(event.subarray(ROOM.before, event.length - ROOM.after));
  EVENT_END.copy(event, event.length - ROOM.after);
  return event;
}
