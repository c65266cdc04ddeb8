import { describe, expect, it } from 'vitest';
import { createLimiter } from './limiter.ts';

const NOW = 1_780_000_000_000;

describe('createLimiter', () => {
  it('counts each key by itself, and only what it lets through', () => {
    const limiter = createLimiter({ count: 2, periodMs: 1000 });
    const waits = (key: string, count: number) => Array.from({ length: count }, () => limiter.take(key, NOW));
    expect(waits('a', 4)).toEqual([0, 0, 500, 500]);
    expect(waits('b', 1)).toEqual([0]);
    expect(limiter.take('a', NOW + 500)).toBe(0);
  });

  it('looks without counting', () => {
    const limiter = createLimiter({ count: 1, periodMs: 1000 });
    expect([limiter.peek('a', NOW), limiter.take('a', NOW), limiter.peek('a', NOW)]).toEqual([0, 0, 1000]);
    expect(limiter.peek('b', NOW)).toBe(0);
  });

  it('forgets keys that are free again, else the oldest, and mixes up none', () => {
    const limiter = createLimiter({ count: 1, periodMs: 1000 });
    for (let key = 0; key < 100_000; key += 1) limiter.take(`first-${key}`, NOW);
    limiter.take('second', NOW + 10);
    expect(limiter.peek('first-0', NOW + 10)).toBe(0);
    expect(limiter.peek('first-1', NOW + 10)).toBe(990);
    expect(limiter.peek('second', NOW + 10)).toBe(1000);
    expect(limiter.peek('first-99999', NOW + 10)).toBe(990);
    for (let key = 0; key < 100_000; key += 1) limiter.take(`third-${key}`, NOW + 2000);
    expect(limiter.peek('first-1', NOW + 2000)).toBe(0);
    expect(limiter.peek('third-5', NOW + 2000)).toBe(1000);
  });
});
