import type { TrailStore } from '../core/store.ts';
import type { Trail } from '../core/trail.ts';
import { createLineBuffers } from './line-buffers.ts';

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

/**
 * The trail over a store. `record` keeps the entry and returns; a timer hands the lines to the store. What
 * cannot be written is kept and tried again, ever more slowly up to 5 s. A look once a second finds what would keep
 * lines from being written before there are any, and ends the waiting when it is gone. What is recorded after `close` is
 * tried once, while the store is still open.
 */
export function createTrail(options: TrailOptions): Trail {
  const { maxWaiting = 100_000, flushMs = 100, checkMs = 1000, onHealth } = options;
  const stopPruning = startPruning(options.store, options.retentionMs);

  const lines = createLineBuffers(() => void (lost += 1));
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let failures = 0;
  let obstructed = false;
  let troubled = false;
  let lost = 0;
  let closed = false;

  const drain = async (): Promise<void> => {
    for (let next = lines.oldest(); next !== null; next = lines.oldest()) {
      const writing = options.store.append(next.buffer.subarray(0, next.used));
      if (writing instanceof Promise) await writing;
      lines.take(next);
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
        if (lines.waiting > 0) arm();
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
      if (lines.waiting >= maxWaiting) lost += 1;
      else lines.add(entry);
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
    const now = Date.now();
    await store.prune(now - retentionMs, now);
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
