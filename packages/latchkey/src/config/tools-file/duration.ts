import { LONGEST_TIMER_MS } from '../../core/units.ts';

const UNITS: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `30s`, `1m30s`, `1.5h`, `500ms`, or a number of seconds → whole milliseconds, 1 at least; null when it is none. */
export function parseTimeout(given: string | number): number | null {
  const text = typeof given === 'number' || /^\d+(?:\.\d+)?$/.test(given) ? `${given}s` : given;
  if (!/^(?:\d{1,10}(?:\.\d{1,9})?(?:us|µs|ms|[smh]))+$/.test(text)) return null;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(us|µs|ms|[smh])/g))
    total += Number(count) * (UNITS[unit ?? ''] ?? 0);
  const milliseconds = Math.round(total);
  return milliseconds >= 1 && milliseconds <= LONGEST_TIMER_MS ? milliseconds : null;
}
