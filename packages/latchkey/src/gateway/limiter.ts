import { takeCell, type Rate, type Wait } from '../core/gcra.ts';

const MAX_KEYS = 100_000;

/** Rates by key, in memory, for one limit. Keys past the bound push out the oldest ones. */
export interface Limiter {
  /** Counts one event and lets it through (0), or says how many milliseconds to wait. */
  take(key: string, now: number): Wait;
  /** The same question without counting. */
  peek(key: string, now: number): Wait;
}

export function createLimiter(rate: Rate): Limiter {
  const arrivals = new Map<string, number>();
  return {
    take(key, now) {
      const step = takeCell(rate, arrivals.get(key) ?? 0, now);
      if (step.wait > 0) return step.wait;
      if (arrivals.size >= MAX_KEYS && !arrivals.has(key)) makeRoom(arrivals, now);
      arrivals.set(key, step.tat);
      return 0;
    },
    peek(key, now) {
      return takeCell(rate, arrivals.get(key) ?? 0, now).wait;
    },
  };
}

function makeRoom(arrivals: Map<string, number>, now: number): void {
  for (const [key, tat] of arrivals) if (tat <= now) arrivals.delete(key);
  for (const key of arrivals.keys()) {
    if (arrivals.size < MAX_KEYS) break;
    arrivals.delete(key);
  }
}
