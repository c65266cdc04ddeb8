import { describe, expect, it } from 'vitest';
import { CallTable, type Numbered } from './call-table.ts';

function create(...ids: readonly number[]) {
  const table = new CallTable<Numbered>();
  for (const id of ids) table.add({ id, next: null });
  return { table, ids: () => table.toArray().map(({ id }) => id) };
}

describe('CallTable', () => {
  // All in one chain, and one beside it.
  const IDS = [1, 1 + 1024, 1 + 2048, 2];

  it('finds what is in it, and nothing else', () => {
    const { table } = create(...IDS);
    for (const id of IDS) expect(table.get(id)?.id).toBe(id);
    for (const id of [-1, 0, 3, 1 + 4096, 2 ** 40 + 1]) expect(table.get(id)).toBeNull();
    expect(table.size).toBe(4);
  });

  it('takes each out once, wherever it stands', () => {
    for (const id of IDS) {
      const { table, ids } = create(...IDS);
      expect(table.take(id)).toEqual({ id, next: null });
      expect(table.take(id)).toBeNull();
      expect(ids().toSorted((a, b) => a - b)).toEqual(IDS.filter((other) => other !== id).toSorted((a, b) => a - b));
      expect(table.size).toBe(3);
    }
  });

  it('may be emptied while it is walked', () => {
    const { table, ids } = create(...IDS);
    for (const { id } of table.toArray()) table.take(id);
    expect([table.size, ids()]).toEqual([0, []]);
  });
});
