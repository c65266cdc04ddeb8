import { expect, it } from 'vitest';
import { createStandstill } from './standstill.ts';

it('tells of a standstill once, and of none where every look is late', () => {
  const stood = createStandstill(1000);
  expect([5000, 5250, 6249, 7249, 7500, 9000, 10_000, 11_000].map(stood)).toEqual([
    false,
    false,
    false,
    true,
    false,
    true,
    false,
    true,
  ]);
});
