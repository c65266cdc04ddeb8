import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotList, type Slotted } from './slot-list.ts';

describe('SlotList', () => {
  it('holds what a Set would hold, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 200 }), (steps) => {
        const items: Slotted[] = Array.from({ length: 21 }, () => ({ slot: -1 }));
        const list = new SlotList();
        const set = new Set<Slotted>();
        for (const [index, add] of steps) {
          const item = items[index] as Slotted;
          if (!add && list.remove(item) !== set.delete(item)) throw new Error('they differ');
          if (add && !set.has(item)) {
            list.add(item);
            set.add(item);
          }
        }
        expect(new Set(list.toArray())).toEqual(set);
        expect(list.size).toBe(set.size);
      }),
    );
  });

  it('hands out a copy, so that items can go while it is walked', () => {
    const list = new SlotList();
    const items: Slotted[] = [1, 2, 3].map(() => ({ slot: -1 }));
    for (const item of items) list.add(item);
    const walked = list.toArray();
    for (const item of walked) list.remove(item);
    expect([walked.length, list.size, list.toArray()]).toEqual([3, 0, []]);
  });
});
