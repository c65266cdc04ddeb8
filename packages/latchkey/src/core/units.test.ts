import { describe, expect, it } from 'vitest';
import { parseDuration, parseRate, parseSize } from './units.ts';

describe('parseRate', () => {
  it('reads counts per period and nothing else', () => {
    expect(['20/min', '5/s', '1/hour'].map(parseRate)).toEqual([
      { count: 20, periodMs: 60_000 },
      { count: 5, periodMs: 1000 },
      { count: 1, periodMs: 3_600_000 },
    ]);
    expect(['0/s', '5', '5/x', '-1/s', '1.5/s', '5 / s', '5/constructor'].map(parseRate)).toEqual(Array(7).fill(null));
  });
});

describe('parseSize', () => {
  it('reads sizes of 1000 and of 1024 and nothing else', () => {
    expect(['1MiB', '64KiB', '64kB', '1MB', '12B'].map(parseSize)).toEqual([1_048_576, 65_536, 64_000, 1_000_000, 12]);
    expect(['0B', '1', '1mb', '1.5MB', '-1B', '1 MB', '999999999GB'].map(parseSize)).toEqual(Array(7).fill(null));
  });
});

describe('parseDuration', () => {
  it('reads durations with units and nothing else', () => {
    expect(['90s', '10m', '24h', '1h30m', '250ms', '2w', '0s'].map(parseDuration)).toEqual([
      90_000, 600_000, 86_400_000, 5_400_000, 250, 1_209_600_000, 0,
    ]);
    expect(['', '5', 's', '-5s', '1.5h', '5 s', '5S', '99999d', '1y'].map(parseDuration)).toEqual(Array(9).fill(null));
  });
});
