import type { Rate } from './gcra.ts';

export const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

/** Node takes no longer time for a timer, and fires one at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Longer than anything means: a slip of the keyboard, not a life-time. */
const LONGEST_MS = 100 * 365 * 86_400_000;

const RATE_UNITS = new Map([
  ['s', 1000],
  ['sec', 1000],
  ['min', 60_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['hour', 3_600_000],
  ['d', 86_400_000],
  ['day', 86_400_000],
]);

const SIZE_UNITS = new Map([
  ['B', 1],
  ['kB', 1000],
  ['MB', 1_000_000],
  ['GB', 1_000_000_000],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
]);

/** `90s`, `10m`, `24h`, `30d`, `1h30m` → milliseconds; null when it is none, or longer than a hundred years. `0s` is one. */
export function parseDuration(text: string): number | null {
  if (!/^(?:\d{1,12}(?:ms|[smhdw]))+$/.test(text)) return null;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g))
    total += Number(count) * (DURATION_UNITS.get(unit as string) as number);
  return total <= LONGEST_MS ? total : null;
}

/** `20/min`, `5/s`, `1000/h` → how many in which period; null when it is none. */
export function parseRate(text: string): Rate | null {
  const [, count, unit] = /^(\d{1,9})\/([a-z]+)$/.exec(text) ?? [];
  const periodMs = RATE_UNITS.get(unit ?? '');
  return periodMs === undefined || Number(count) < 1 ? null : { count: Number(count), periodMs };
}

/** `512B`, `64KiB`, `1MiB` (of 1024), `64kB`, `1MB` (of 1000) → bytes; null when it is none. */
export function parseSize(text: string): number | null {
  const [, count, unit] = /^(\d{1,9})([A-Za-z]+)$/.exec(text) ?? [];
  const bytes = Number(count) * (SIZE_UNITS.get(unit ?? '') ?? Number.NaN);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}
