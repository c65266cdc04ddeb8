import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  it.for([
    ['250ms', 250],
    ['0s', 0],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ] as const)('reads %s', ([text, expected]) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.for(['', '10', 'm', '-1h', '1.5h', '1 h', ' 1h', '1h ', '1H', '1y', 'never', '1e3s', '999999999999w', '1h\n'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});

describe('formatDuration', () => {
  it('says it in at most two units', () => {
    expect([0, 250, 1000, 90_000, 5_400_000, 86_400_000, 90_061_000].map(formatDuration)).toEqual([
      '0ms',
      '250ms',
      '1s',
      '1m30s',
      '1h30m',
      '1d',
      '1d1h',
    ]);
  });
});
