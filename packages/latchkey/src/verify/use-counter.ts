import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CredentialStore } from '../core/store.ts';

/** How often one credential was used since that was last written. Whoever verifies it keeps this beside it. */
export interface Use {
  readonly credentialId: string;
  count: number;
  lastUsedAt: number;
}

export function createUse(credentialId: string): Use {
  return { credentialId, count: 0, lastUsedAt: 0 };
}

/** Counts in memory how often each credential was used, and tells the store in batches. */
export interface UseCounter {
  count(use: Use, now: number): void;
  /** Writes what was counted so far. Counts that could not be written are kept for the next time; then it rejects. */
  flush(): Promise<void>;
  /** Stops the timer and writes what is left; a store that fails now loses counts, never access. */
  close(): Promise<void>;
}

type Uses = Map<string, { count: number; lastUsedAt: number }>;

/** What a store writes in a few milliseconds, in which nothing else of this process goes on. */
const AT_ONCE = 250;

/** Flushes every `flushMs` (default 5,000). Bounded by the number of credentials in the store, and of uses until then. */
export function createUseCounter(store: Pick<CredentialStore, 'countUses'>, flushMs = 5000): UseCounter {
  const waiting: Uses = new Map();
  // Those whose count is not 0: the next use of one only adds to it.
  let used: Use[] = [];
  let running: Promise<void> | null = null;

  const collect = (): void => {
    for (const use of used) {
      // Stores keep whole milliseconds; not every clock gives them.
      add(waiting, use.credentialId, use.count, Math.floor(use.lastUsedAt));
      use.count = 0;
    }
    used = [];
  };

  const write = async (): Promise<void> => {
    while (waiting.size > 0) {
      const part = takeSome(waiting);
      try {
        await store.countUses(part);
      } catch (error) {
        for (const [id, { count, lastUsedAt }] of part) add(waiting, id, count, lastUsedAt);
        throw error;
      }
      if (waiting.size > 0) await nextTurn();
    }
  };

  const flush = async (): Promise<void> => {
    collect();
    // A run that is just ending does not write what was collected now.
    do await (running ??= write().finally(() => (running = null)));
    while (waiting.size > 0);
  };

  // Nothing to tell here: a store that fails is told of by the requests that need it.
  const timer = setInterval(() => void flush().catch(() => {}), flushMs);
  timer.unref();

  return {
    count(use, now) {
      if (use.count === 0) used.push(use);
      use.count += 1;
      if (now > use.lastUsedAt) use.lastUsedAt = now;
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush().catch(() => {});
    },
  };
}

function takeSome(uses: Uses): Uses {
  const some: Uses = new Map();
  for (const [id, use] of uses) {
    if (some.size === AT_ONCE) break;
    some.set(id, use);
    uses.delete(id);
  }
  return some;
}

function add(uses: Uses, id: string, count: number, lastUsedAt: number): void {
  const entry = uses.get(id);
  if (entry === undefined) {
    uses.set(id, { count, lastUsedAt });
    return;
  }
  entry.count += count;
  if (lastUsedAt > entry.lastUsedAt) entry.lastUsedAt = lastUsedAt;
}
