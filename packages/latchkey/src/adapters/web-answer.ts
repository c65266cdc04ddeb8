import { bytesOf, joinBytes } from '../core/bytes.ts';
import type { Refusal } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import type { Passage } from '../lock/passage.ts';
import { STAYING } from './staying-headers.ts';

const HELD_BYTES = 64 * 1024;
/** How often what waits already is let run first: a body that was made of text or bytes has been read to its end by then. */
const TURNS = 16;

/** As nginx calls it. */
const CLIENT_CLOSED_REQUEST = 499;

/** How a request that was let in is answered. */
export interface Serving {
  /** By its method it may want no body; whose caller goes before there is an answer is told of by its signal alone. */
  readonly request: Pick<Request, 'method' | 'signal'>;
  readonly serve: () => Response | Promise<Response>;
  /** Called once where nobody waits for the rest any more: the caller went, or its credential ended. */
  readonly onStopped?: () => void;
}

/**
 * The Response to a request that was let in: what `serve` gives, and of it only what this caller may see. A stream passes as
 * it comes; a caller who reads slowly slows the server, one who goes away stops it, and one who is cut sees an error and not
 * an end. Rejects as `serve` does.
 */
export function answerThrough(passage: Passage, { request, serve, onStopped }: Serving): Promise<Response> {
  const answer = new WebAnswer(passage, request.signal);
  if (onStopped !== undefined) answer.onAbort(onStopped);
  passage.onEnded(() => answer.abort());
  answer.watch();
  void take(passage, answer, serve, request.method === 'HEAD');
  return answer.response;
}

async function take(passage: Passage, answer: WebAnswer, serve: Serving['serve'], bodiless: boolean): Promise<void> {
  try {
    const response = await serve();
    if (bodiless) void response.body?.cancel().catch(ignore);
    const { body } = response;
    answer.offered = response.headers;
    if (!passage.whole) await show(passage.show(answer), response, body);
    else if (bodiless || body === null) answer.pass(response);
    else await answer.copy(response, body.getReader());
  } catch (error) {
    answer.break(error);
  }
}

// Who cannot stop need not.
const ignore = (): void => {};

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function show(shown: Answer, response: Response, body: Response['body']): Promise<void> {
  const reader = body?.getReader();
  shown.onAbort(() => void reader?.cancel().catch(ignore));
  if (shown.aborted) return;
  shown.start(response.status, [...response.headers].flat());
  if (reader === undefined) shown.end();
  else await pump(reader, shown);
}

/** Takes the next piece when there is room for it. */
async function pump(reader: Reader, shown: Answer): Promise<void> {
  let drained: (() => void) | null = null;
  shown.onDrain(() => drained?.());
  while (!shown.aborted) {
    const { done, value } = await reader.read();
    if (done) return shown.end();
    if (!shown.write(value)) await new Promise<void>((resolve) => (drained = resolve));
  }
}

/** An Answer that becomes a Response: of bytes where it is whole at once, else of a stream. */
class WebAnswer implements Answer {
  readonly response: Promise<Response>;
  aborted = false;
  /** Those of the server's answer. */
  offered: Iterable<[string, string]> = [];
  readonly #passage: Passage;
  readonly #signal: AbortSignal;
  readonly #given = Promise.withResolvers<Response>();
  readonly #stops: (() => void)[] = [];
  readonly #drains: (() => void)[] = [];
  readonly #held: Uint8Array<ArrayBuffer>[] = [];
  #state: 'new' | 'started' | 'over' = 'new';
  #status = 0;
  #headers: readonly string[] | Headers = [];
  #stream: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor(passage: Passage, signal: AbortSignal) {
    this.#passage = passage;
    this.#signal = signal;
    this.response = this.#given.promise;
  }

  /** Lets go of who leaves before there is an answer. */
  watch(): void {
    if (this.#signal.aborted) this.#depart();
    else this.#signal.addEventListener('abort', this.#depart, { once: true });
  }

  readonly #depart = (): void => {
    // Runtimes stop the stream as well, now: an error in it would be in somebody's log.
    if (this.#state !== 'new') return queueMicrotask(() => this.abort());
    // Nobody gets it; an error would be in somebody's log.
    this.#given.resolve(new Response(null, { status: CLIENT_CLOSED_REQUEST }));
    this.#leave();
  };

  /** A response without a body goes as it is. */
  pass(response: Response): void {
    if (this.#state === 'over') return;
    const { headers } = this.#passage;
    const same = headers.length === 0 && response.body === null;
    this.#given.resolve(same ? response : toResponse(null, response.status, [...response.headers].flat(), headers));
    this.#conclude(response.status);
  }

  /** An answer that hides nothing, its headers as they are. */
  async copy({ status, headers }: Response, reader: Reader): Promise<void> {
    this.onAbort(() => void reader.cancel().catch(ignore));
    this.#begin(status, headers);
    await pump(reader, this);
  }

  onAbort(handler: () => void): void {
    if (this.aborted) handler();
    else this.#stops.push(handler);
  }

  onDrain(handler: () => void): void {
    this.#drains.push(handler);
  }

  start(status: number, headers: readonly string[]): void {
    this.#begin(status, headers);
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#state !== 'started') return false;
    const bytes = typeof chunk === 'string' ? bytesOf(chunk) : (chunk as Uint8Array<ArrayBuffer>);
    if (bytes.length === 0) return true;
    if (this.#stream === null) return this.#held.push(bytes) > 0;
    this.#stream.enqueue(bytes);
    return (this.#stream.desiredSize ?? 0) > 0;
  }

  end(chunk?: Uint8Array | string): void {
    if (this.#state !== 'started') return;
    if (chunk !== undefined) this.write(chunk);
    if (this.#stream === null) this.#given.resolve(this.#respond(toBody(this.#held)));
    else this.#stream.close();
    this.#conclude(this.#status);
  }

  fail(refusal: Refusal): void {
    if (this.#state !== 'new') return this.abort();
    const { status, headers, body } = this.#passage.refuse(refusal);
    const staying = [...this.offered].filter(([name]) => STAYING.test(name)).flat();
    this.#given.resolve(toResponse(body, status, staying, headers, this.#passage.headers));
    this.#conclude(status);
  }

  abort(): void {
    if (this.#state === 'over') return;
    const error = new Error('the answer was cut');
    if (this.#state === 'started') this.#open();
    if (this.#stream === null) this.#given.reject(error);
    else this.#stream.error(error);
    this.#leave();
  }

  /** The server failed: its error is for whoever called. */
  break(error: unknown): void {
    if (this.#state === 'over') return;
    if (this.#state === 'started') return this.abort();
    this.#given.reject(error);
    this.#conclude(500);
  }

  #begin(status: number, headers: readonly string[] | Headers): void {
    if (this.#state !== 'new') return;
    // As that of `Response.error()`: no Response can be made with it.
    if (!(status >= 200)) throw new RangeError(`status ${status}`);
    this.#state = 'started';
    this.#status = status;
    this.#headers = withoutHops(headers);
    void this.#openSoon();
  }

  /** What ends at once needs no stream, and no stream costs as little as bytes. */
  async #openSoon(): Promise<void> {
    for (let turn = 0; turn < TURNS && this.#state === 'started'; turn += 1) await Promise.resolve();
    this.#open();
  }

  #open(): void {
    if (this.#state !== 'started' || this.#stream !== null) return;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.#stream = controller;
          for (const bytes of this.#held.splice(0)) controller.enqueue(bytes);
        },
        pull: () => this.#drains.forEach((drained) => drained()),
        cancel: () => this.#leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HELD_BYTES }),
    );
    this.#given.resolve(this.#respond(stream));
  }

  #respond(body: Body | null): Response {
    const headers = this.#headers;
    const more = this.#passage.headers;
    if (!(headers instanceof Headers)) return toResponse(body, this.#status, headers, more);
    return more.length === 0
      ? new Response(body, { status: this.#status, headers })
      : toResponse(body, this.#status, [...headers].flat(), more);
  }

  #leave(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.#conclude(this.#status);
    for (const stop of this.#stops.splice(0)) stop();
  }

  #conclude(status: number): void {
    this.#state = 'over';
    this.#signal.removeEventListener('abort', this.#depart);
    this.#passage.finish(status);
  }
}

// Of the server's own connection: the runtime frames the answer anew, and two ways to frame it are none (RFC 9112 §6.3).
const HOPS: readonly string[] = ['connection', 'keep-alive', 'trailer', 'transfer-encoding'];

function withoutHops(headers: readonly string[] | Headers): readonly string[] | Headers {
  if (!(headers instanceof Headers))
    return headers.filter((_each, i) => !HOPS.includes(headers[i - (i % 2)] as string));
  if (!HOPS.some((name) => headers.has(name))) return headers;
  const kept = new Headers(headers);
  for (const name of HOPS) kept.delete(name);
  return kept;
}

function toBody(held: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> | null {
  return held.length < 2 ? (held[0] ?? null) : joinBytes(held);
}

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;

/** A Response with headers as [name, value, …], each list after the other. */
export function toResponse(body: Body | null, status: number, ...lists: readonly (readonly string[])[]): Response {
  const headers = new Headers();
  for (const list of lists)
    for (let i = 0; i < list.length; i += 2) headers.append(list[i] as string, list[i + 1] as string);
  return new Response(body, { status, headers });
}
