import { describe, expect, it } from 'vitest';
import { allKnown, whenKnown } from './soon.ts';

const double = (value: number): number => 2 * value;

describe('whenKnown', () => {
  it('goes on at once with what is there, and else when it is', async () => {
    expect(whenKnown(1, double)).toBe(2);
    const later = whenKnown(Promise.resolve(2), double);
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toBe(4);
  });
});

describe('allKnown', () => {
  it('gives the values in their order, at once only where all are there', async () => {
    expect(allKnown([1, 2])).toEqual([1, 2]);
    expect(allKnown([])).toEqual([]);
    const later = allKnown([Promise.resolve(1), 2]);
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toEqual([1, 2]);
    await expect(allKnown([1, Promise.reject(new Error('no'))])).rejects.toThrow('no');
  });
});
