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
  // A key's place in `arrivals`, not its arrival: a number that changes would be a new heap object with each event.
  const places = new Map<string, number>();
  let arrivals = new Float64Array(64);
  const free: number[] = [];

  const forget = (key: string, place: number): void => {
    places.delete(key);
    free.push(place);
  };

  const makeRoom = (now: number): void => {
    for (const [key, place] of places) if ((arrivals[place] as number) <= now) forget(key, place);
    for (const [key, place] of places) {
      if (places.size < MAX_KEYS) break;
      forget(key, place);
    }
  };

  const add = (key: string, now: number): number => {
    if (places.size >= MAX_KEYS) makeRoom(now);
    const place = free.pop() ?? places.size;
    if (place === arrivals.length) {
      const grown = new Float64Array(arrivals.length * 2);
      grown.set(arrivals);
      arrivals = grown;
    }
    arrivals[place] = 0;
    places.set(key, place);
    return place;
  };

  return {
    take(key, now) {
      const place = places.get(key) ?? add(key, now);
      const step = takeCell(rate, arrivals[place] as number, now);
      arrivals[place] = step.tat;
      return step.wait;
    },
    peek(key, now) {
      if (places.size === 0) return 0;
      const place = places.get(key);
      return place === undefined ? 0 : takeCell(rate, arrivals[place] as number, now).wait;
    },
  };
}
