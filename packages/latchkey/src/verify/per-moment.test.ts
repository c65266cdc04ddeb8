import { describe, expect, it } from 'vitest';
import { perMoment } from './per-moment.ts';

describe('perMoment', () => {
  it('asks once for each moment, also when the clock goes back', () => {
    let asked = 0;
    const ask = perMoment(() => (asked += 1));
    expect([5, 5, 6, 6, 5, 5].map(ask)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('asks again after an answer that failed', () => {
    let works = false;
    const ask = perMoment(() => {
      if (!works) throw new Error('unreadable');
      return 'answer';
    });
    expect(() => ask(5)).toThrow('unreadable');
    works = true;
    expect(ask(5)).toBe('answer');
  });
});
