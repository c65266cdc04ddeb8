import { describe, expect, it } from 'vitest';
import { formatDuration } from './format-duration.ts';

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
