import { describe, expect, it } from 'vitest';
import { createCallers } from './callers.ts';

const NOW = 1_780_000_000_000;

describe('createCallers', () => {
  it('remembers each principal by itself', () => {
    const callers = createCallers();
    callers.of('alice', NOW).network = '192.0.2.1';
    callers.of('bob', NOW).tat = NOW + 5;
    expect(callers.of('alice', NOW)).toEqual({ network: '192.0.2.1', tat: 0 });
    expect(callers.of('bob', NOW)).toEqual({ network: null, tat: NOW + 5 });
  });

  it('forgets those with nothing to wait for, else the first of a hundred thousand', () => {
    const callers = createCallers();
    for (let at = 0; at < 100_000; at += 1) callers.of(`p${at}`, NOW).tat = NOW + 10;
    callers.of('one more', NOW).tat = NOW + 20;
    expect([callers.of('p1', NOW).tat, callers.of('one more', NOW).tat]).toEqual([NOW + 10, NOW + 20]);
    // p0 was pushed out and comes in anew: all others are free by now.
    expect(callers.of('p0', NOW + 10).tat).toBe(0);
    expect([callers.of('p2', NOW + 10).tat, callers.of('one more', NOW + 10).tat]).toEqual([0, NOW + 20]);
  });
});
