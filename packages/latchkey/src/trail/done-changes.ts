import { toChangeLine } from '../core/change-line.ts';
import type { TrailStore } from '../core/store.ts';
import type { TrailChange } from '../core/trail.ts';

export interface DoneChangesOptions {
  readonly store: Pick<TrailStore, 'append'>;
  /** How often writing is tried again. Default 1,000 ms. */
  readonly retryMs?: number;
  /** Told once when a change could not be written. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Writes down changes that are done whether they can be written down or not. Until they are, `written` is false, and then
 * nobody is to be let in: so nothing happens by a change that the trail does not have.
 */
export interface DoneChanges {
  readonly written: boolean;
  record(change: TrailChange): void;
  /** Tries once more; rejects when a change cannot be written. */
  close(): Promise<void>;
}

export function createDoneChanges({ store, retryMs = 1000, onTrouble }: DoneChangesOptions): DoneChanges {
  let waiting: readonly string[] = [];
  let writing: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let troubled = false;
  let closed = false;

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting;
      await store.append(Buffer.from(lines.join('')));
      waiting = waiting.slice(lines.length);
    }
    troubled = false;
  };

  const write = (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    writing ??= drain()
      .catch((error: unknown) => {
        if (!troubled) onTrouble(error);
        troubled = true;
        // It was told; here it only means another attempt.
        if (!closed) timer = setTimeout(() => void write().catch(() => {}), retryMs).unref();
        throw error;
      })
      .finally(() => {
        writing = null;
        // One that came at the very end of the last run.
        if (waiting.length > 0 && timer === null && !closed) void write().catch(() => {});
      });
    return writing;
  };

  return {
    get written() {
      return waiting.length === 0;
    },
    record(change) {
      waiting = [...waiting, toChangeLine(change)];
      void write().catch(() => {});
    },
    async close() {
      closed = true;
      await writing?.catch(() => {});
      await write();
    },
  };
}
