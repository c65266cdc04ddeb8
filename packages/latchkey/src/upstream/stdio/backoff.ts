const FIRST_MS = 200;
const LONGEST_MS = 30_000;
const HEALTHY_MS = 10_000;

/** When a child that keeps dying may be started again: 200 ms, doubled each time to 30 s, forgotten once one lived 10 s. */
export interface Backoff {
  /** Milliseconds to wait from now; 0 when a start is allowed. */
  waitMs(): number;
  failed(livedMs: number): void;
}

export function createBackoff(now: () => number = () => performance.now()): Backoff {
  let delayMs = 0;
  let until = 0;
  return {
    waitMs: () => Math.max(0, until - now()),
    failed(livedMs) {
      // Children that were started together and die together are one failure.
      if (now() < until) return;
      delayMs = livedMs >= HEALTHY_MS || delayMs === 0 ? FIRST_MS : Math.min(delayMs * 2, LONGEST_MS);
      until = now() + delayMs;
    },
  };
}
