import { describe, expect, it } from 'vitest';
import { takeCell } from './gcra.ts';

describe('takeCell', () => {
  const rate = { count: 10, periodMs: 1000 };

  it('lets a burst of exactly the rate through, then one for each interval', () => {
    let tat = 0;
    const take = (now: number): number => {
      const step = takeCell(rate, tat, now);
      tat = step.tat;
      return step.wait;
    };
    const now = 1_000_000;
    expect(Array.from({ length: 12 }, () => take(now) === 0).filter(Boolean)).toHaveLength(10);
    expect(take(now)).toBe(100);
    expect(take(now + 99)).toBeGreaterThan(0);
    expect(take(now + 100)).toBe(0);
    expect(take(now + 100)).toBeGreaterThan(0);
  });

  it('does not save up more than one burst, and survives a clock that jumps', () => {
    const far = takeCell(rate, 5, 10 ** 12);
    expect(far).toEqual({ wait: 0, tat: 10 ** 12 + 100 });
    expect(takeCell(rate, far.tat, 0)).toEqual({ wait: 0, tat: 100 });
  });

  it('gives no second burst to a clock that steps back a little', () => {
    const now = 1_000_000;
    let { tat } = takeCell(rate, 0, now);
    for (let event = 1; event < 10; event++) ({ tat } = takeCell(rate, tat, now));
    for (const step of [1, 500, 1000]) expect(takeCell(rate, tat, now - step).wait).toBeGreaterThan(0);
  });
});
