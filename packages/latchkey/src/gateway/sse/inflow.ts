import { refuse, type Refusal } from '../../core/reason.ts';
import type { Answer } from '../../core/upstream.ts';
import { EventReader, type StreamPlace } from '../event-reader.ts';
import { isEventStream } from '../../core/event-stream.ts';
import type { Inlet, SseStream } from './stream.ts';

/** What becomes of an answer that flows into a stream. One of `onEnd`, `onFail` and `onLeave` comes last. */
export interface InflowEvents {
  onStart(status: number, headers: readonly string[]): void;
  /** One event's data. */
  onMessage(text: string): void;
  /** `body` is what came where it were no events. */
  onEnd(body: string): void;
  onFail(refusal: Refusal): void;
  /** The stream is gone, or nobody wants the answer. */
  onLeave(): void;
}

/** Takes an upstream's answer apart, so that it can share a stream with others: only whole messages go on. */
export class Inflow implements Answer, Inlet {
  readonly #stream: SseStream;
  readonly #events: InflowEvents;
  readonly #from: StreamPlace | null;
  readonly #aborts: (() => void)[] = [];
  readonly #drains: (() => void)[] = [];
  #state: 'new' | 'started' | 'over' = 'new';
  #aborted = false;
  #reader: EventReader | null = null;
  #body: Buffer[] = [];
  #size = 0;

  /** `from` is where an answer ended that this one goes on with. */
  constructor(stream: SseStream, events: InflowEvents, from: StreamPlace | null = null) {
    this.#stream = stream;
    this.#events = events;
    this.#from = from;
    stream.add(this);
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get held(): number {
    return this.#reader?.size ?? this.#size;
  }

  /** Where the answer can be gone on with, if it can. */
  get place(): StreamPlace | null {
    return this.#reader?.place ?? null;
  }

  onAbort(handler: () => void): void {
    if (this.#aborted) handler();
    else this.#aborts.push(handler);
  }

  onDrain(handler: () => void): void {
    this.#drains.push(handler);
  }

  start(status: number, headers: readonly string[]): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    if (isEventStream(headers)) this.#reader = new EventReader(this.#from);
    this.#events.onStart(status, headers);
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#state !== 'started') return false;
    if (this.#reader === null) {
      const bytes = Buffer.from(chunk);
      this.#body.push(bytes);
      this.#size += bytes.length;
    } else for (const text of this.#reader.read(chunk)) this.#events.onMessage(text);
    return this.#stream.hasRoom();
  }

  end(chunk?: Uint8Array | string): void {
    if (chunk !== undefined) this.write(chunk);
    if (this.#state !== 'started') return;
    this.#finish();
    const body = Buffer.concat(this.#body).toString('utf8');
    this.#body = [];
    this.#events.onEnd(body);
    this.#stream.hasRoom();
  }

  fail(refusal: Refusal): void {
    if (this.#state === 'over') return;
    this.#finish();
    this.#events.onFail(refusal);
  }

  abort(): void {
    this.fail(refuse('upstream-invalid'));
  }

  drained(): void {
    for (const handler of this.#drains) handler();
  }

  leave(): void {
    if (this.#state === 'over') return;
    this.#finish();
    this.#aborted = true;
    for (const handler of this.#aborts.splice(0)) handler();
    this.#events.onLeave();
  }

  #finish(): void {
    this.#state = 'over';
    this.#stream.remove(this);
  }
}
