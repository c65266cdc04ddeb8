import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FewTable } from './few-table.ts';

describe('FewTable', () => {
  it('holds what a Map would hold, few or many', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('set', 'take'), fc.integer({ min: 0, max: 20 })), {
      maxLength: 100,
    });
    fc.assert(
      fc.property(steps, (all) => {
        const table = new FewTable<{ n: number }>();
        const map = new Map<string, { n: number }>();
        for (const [step, n] of all) {
          const key = String(n);
          const item = { n };
          const taken = step === 'take' ? [table.take(key), map.get(key)] : [table.set(key, item), undefined];
          if (step === 'take') map.delete(key);
          else map.set(key, item);
          expect(taken[0]).toBe(taken[1]);
          for (let other = 0; other <= 20; other += 1) expect(table.get(String(other))).toBe(map.get(String(other)));
          expect(table.size).toBe(map.size);
          expect(new Set(table.toArray())).toEqual(new Set(map.values()));
          expect(table.toArray()).toHaveLength(map.size);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('may be emptied while it is walked', () => {
    const table = new FewTable<string>();
    const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
    for (const key of keys) table.set(key, key);
    for (const key of table.toArray()) expect(table.take(key)).toBe(key);
    expect([table.size, table.toArray()]).toEqual([0, []]);
  });
});
