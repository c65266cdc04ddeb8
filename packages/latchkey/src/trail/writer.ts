import type { TrailStore } from '../core/store.ts';
import type { Trail, TrailEntry } from '../core/trail.ts';
import { writeEntry } from './format.ts';

export interface TrailOptions {
  readonly store: TrailStore;
  /** Older lines are removed from the store, now and every hour. Default: none is. */
  readonly retentionMs?: number;
  /** Lines kept while they cannot be written; later ones are lost, and counted. Default 100,000. */
  readonly maxWaiting?: number;
  /** How long a line may wait to be written with others. Default 100 ms. */
  readonly flushMs?: number;
  /** How often the store is asked whether it could write. Default 1,000 ms. */
  readonly checkMs?: number;
  /** Told once when writing fails, and once when it works again, with the number of lines lost meanwhile. */
  readonly onHealth?: (health: TrailHealth) => void;
}

export type TrailHealth =
  | { readonly healthy: true; readonly lost: number }
  | { readonly healthy: false; readonly error: unknown };

const PRUNE_EVERY_MS = 3_600_000;
const LONGEST_RETRY_MS = 5000;

const CHUNK_BYTES = 256 * 1024;
const MOST_SPARE = 4;

/** Lines as they will be written, with their number, in the buffer they are in. */
interface Chunk {
  readonly buffer: Buffer;
  readonly used: number;
  readonly lines: number;
}

/**
 * The trail over a store. `record` puts one line into a buffer and returns; a timer hands the buffer to the store. What
 * cannot be written is kept and tried again, ever more slowly up to 5 s. A look once a second finds what would keep
 * lines from being written before there are any, and ends the waiting when it is gone. What is recorded after `close` is
 * tried once, while the store is still open.
 */
export function createTrail(options: TrailOptions): Trail {
  const { maxWaiting = 100_000, flushMs = 100, checkMs = 1000, onHealth } = options;
  const stopPruning = startPruning(options.store, options.retentionMs);

  const full: Chunk[] = [];
  // Memory that was never used before costs more than all that is written into it.
  const spare: Buffer[] = [];
  // No object of a record outlives its request: what lives until the next flush is costly to collect.
  let bytes: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let used = 0;
  let lines = 0;
  let waiting = 0;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let failures = 0;
  let obstructed = false;
  let troubled = false;
  let lost = 0;
  let closed = false;

  const seal = (): void => {
    if (lines === 0) return;
    full.push({ buffer: bytes, used, lines });
    bytes = spare.pop() ?? Buffer.allocUnsafe(CHUNK_BYTES);
    used = 0;
    lines = 0;
  };

  const put = (entry: TrailEntry): void => {
    let end = writeEntry(entry, bytes, used);
    if (end === null) {
      seal();
      end = writeEntry(entry, bytes, 0);
    }
    // As long as that is no entry of ours: its texts are bounded.
    if (end === null) return void (lost += 1);
    used = end;
    lines += 1;
    waiting += 1;
  };

  const drain = async (): Promise<void> => {
    while (waiting > 0) {
      // What cannot be written now leaves one buffer that is not full, not one for each attempt.
      if (full.length === 0) seal();
      const chunk = full[0] as Chunk;
      const writing = options.store.append(chunk.buffer.subarray(0, chunk.used));
      if (writing instanceof Promise) await writing;
      full.shift();
      if (spare.length < MOST_SPARE) spare.push(chunk.buffer);
      waiting -= chunk.lines;
      failures = 0;
      tellRecovery();
    }
  };

  const tellRecovery = (): void => {
    if (failures > 0 || obstructed || (!troubled && lost === 0)) return;
    onHealth?.({ healthy: true, lost });
    troubled = false;
    lost = 0;
  };

  const tellTrouble = (error: unknown): void => {
    if (!troubled) onHealth?.({ healthy: false, error });
    troubled = true;
  };

  const look = async (): Promise<void> => {
    try {
      await options.store.check();
      obstructed = false;
    } catch (error) {
      obstructed = true;
      return tellTrouble(error);
    }
    tellRecovery();
    // A failure was told to onHealth; here it only means another attempt.
    if (failures > 0 && !closed) await flush().catch(() => {});
  };

  const flush = (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    running ??= drain()
      .catch((error: unknown) => {
        failures += 1;
        tellTrouble(error);
        throw error;
      })
      .finally(() => {
        running = null;
        if (waiting > 0) arm();
      });
    return running;
  };

  const arm = (): void => {
    if (timer !== null || (closed && failures > 0)) return;
    const delay = failures === 0 ? flushMs : Math.min(LONGEST_RETRY_MS, Math.max(100, flushMs) * 2 ** failures);
    // A failure was told to onHealth; here it only means another attempt.
    timer = setTimeout(() => void flush().catch(() => {}), closed ? 0 : delay);
    // What was under way when the trail closed is written at once, and before the process ends.
    if (!closed) timer.unref();
  };

  const looking = setInterval(() => void look(), checkMs);
  looking.unref();

  return {
    get healthy() {
      return !troubled && lost === 0;
    },
    record(entry) {
      if (waiting >= maxWaiting) lost += 1;
      else put(entry);
      if (timer === null && running === null) arm();
    },
    async flush() {
      // A run under way may have taken its lines before the latest came.
      if (running !== null) await running;
      await flush();
    },
    async close() {
      closed = true;
      clearInterval(looking);
      stopPruning();
      if (running !== null) await running.catch(() => {});
      await flush();
    },
  };
}

function startPruning(store: TrailStore, retentionMs: number | undefined): () => void {
  if (retentionMs === undefined) return () => {};
  const prune = async (): Promise<void> => {
    await store.prune(Date.now() - retentionMs);
  };
  // A store that cannot be pruned cannot be written either, and that is told of.
  const attempt = () => void prune().catch(() => {});
  const first = setTimeout(attempt, 1000);
  const timer = setInterval(attempt, PRUNE_EVERY_MS);
  for (const each of [first, timer]) each.unref();
  return () => {
    clearTimeout(first);
    clearInterval(timer);
  };
}
