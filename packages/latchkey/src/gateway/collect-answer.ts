import { refuse, type Refusal } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { EventReader, type StreamPlace } from './event-reader.ts';
import { isEventStream } from '../core/event-stream.ts';

/** A whole answer. */
export interface Collected {
  readonly status: number;
  readonly headers: readonly string[];
  readonly text: string;
}

interface Bounds {
  readonly maxBytes: number;
  /** Null: as long as the upstream lets it. */
  readonly timeoutMs: number | null;
}

/** An answer that is kept here, bounded in size and time; `stop` tells the upstream that nobody waits for it. */
export function collectAnswer({ maxBytes, timeoutMs }: Bounds): {
  readonly answer: Answer;
  readonly outcome: Promise<Collected | Refusal>;
  stop(refusal: Refusal): void;
} {
  const { promise, resolve } = Promise.withResolvers<Collected | Refusal>();
  const aborts: (() => void)[] = [];
  const chunks: Buffer[] = [];
  let head: { readonly status: number; readonly headers: readonly string[] } = { status: 0, headers: [] };
  let size = 0;
  let aborted = false;
  const stop = (refusal: Refusal): void => {
    resolve(refusal);
    if (aborted) return;
    aborted = true;
    for (const handler of aborts.splice(0)) handler();
  };
  const timer = timeoutMs === null ? null : setTimeout(() => stop(refuse('upstream-timeout')), timeoutMs);
  const keep = (chunk: Uint8Array | string): void => {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes) stop(refuse('upstream-too-large'));
    else chunks.push(bytes);
  };
  const answer: Answer = {
    get aborted() {
      return aborted;
    },
    onAbort: (handler) => void (aborted ? handler() : aborts.push(handler)),
    onDrain() {},
    start: (status, headers) => void (head = { status, headers }),
    write(chunk) {
      keep(chunk);
      return true;
    },
    end(chunk) {
      if (chunk !== undefined) keep(chunk);
      resolve({ ...head, text: Buffer.concat(chunks).toString('utf8') });
    },
    fail: (refusal) => resolve(refusal),
    abort: () => resolve(refuse('upstream-invalid')),
  };
  return { answer, stop, outcome: promise.finally(() => (timer === null ? undefined : clearTimeout(timer))) };
}

/** The JSON texts of an answer: its body, or the data of its events. */
export function messagesIn(collected: Collected): readonly string[] {
  return isEventStream(collected.headers) ? new EventReader().read(`${collected.text}\n\n`) : [collected.text];
}

/** Where an answer that is a stream, and went on behind `from`, can be gone on with; null where it cannot. */
export function placeIn(collected: Collected, from: StreamPlace | null): StreamPlace | null {
  if (!isEventStream(collected.headers)) return null;
  const reader = new EventReader(from);
  reader.read(collected.text);
  return reader.place;
}
