import type { CredentialStore } from '../core/store.ts';

/** Counts in memory how often each credential was used, and tells the store in batches. */
export interface UseCounter {
  count(credentialId: string, now: number): void;
  /** Writes what was counted so far. Counts that could not be written are kept for the next time; then it rejects. */
  flush(): Promise<void>;
  /** Stops the timer and writes what is left; a store that fails now loses counts, never access. */
  close(): Promise<void>;
}

type Uses = Map<string, { count: number; lastUsedAt: number }>;

/** Flushes every `flushMs` (default 5,000). Bounded by the number of credentials in the store. */
export function createUseCounter(store: Pick<CredentialStore, 'countUses'>, flushMs = 5000): UseCounter {
  let uses: Uses = new Map();

  const flush = async (): Promise<void> => {
    if (uses.size === 0) return;
    const taken = uses;
    uses = new Map();
    try {
      await store.countUses(taken);
    } catch (error) {
      for (const [id, { count, lastUsedAt }] of taken) add(uses, id, count, lastUsedAt);
      throw error;
    }
  };

  // Nothing to tell here: a store that fails is told of by the requests that need it.
  const timer = setInterval(() => void flush().catch(() => {}), flushMs);
  timer.unref();

  return {
    count: (credentialId, now) => add(uses, credentialId, 1, now),
    flush,
    async close() {
      clearInterval(timer);
      await flush().catch(() => {});
    },
  };
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
