import { describe, expect, it } from 'vitest';
import { createBackoff } from './backoff.ts';

describe('createBackoff', () => {
  it('doubles from 200 ms to 30 s, and starts anew after a healthy life', () => {
    let now = 0;
    const backoff = createBackoff(() => now);
    expect(backoff.waitMs()).toBe(0);
    const waits = Array.from({ length: 10 }, () => {
      now += backoff.waitMs();
      backoff.failed(50);
      return backoff.waitMs();
    });
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    now += 29_999;
    expect(backoff.waitMs()).toBe(1);
    now += 1;
    backoff.failed(10_000);
    expect(backoff.waitMs()).toBe(200);
  });

  it('counts children that die together once', () => {
    let now = 0;
    const backoff = createBackoff(() => now);
    for (let child = 0; child < 32; child += 1) {
      backoff.failed(50);
      now += 1;
    }
    expect(backoff.waitMs()).toBe(200 - 32);
  });
});
