import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createUse, createUseCounter, type Use } from './use-counter.ts';

type Batch = ReadonlyMap<string, { readonly count: number; readonly lastUsedAt: number }>;

describe('createUseCounter', () => {
  let written: Batch[];
  let failing: boolean;
  const store = {
    countUses(uses: Batch) {
      if (failing) throw new Error('full');
      written.push(structuredClone(uses) as Batch);
    },
  };

  const idsWritten = (): readonly string[] => written.flatMap((part) => [...part.keys()]);

  beforeEach(() => {
    vi.useFakeTimers();
    written = [];
    failing = false;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('adds up the uses of each credential and keeps the latest time, whatever the order', async () => {
    const counter = createUseCounter(store);
    const [a, b, again, earlier] = ['a', 'b', 'a', 'a'].map(createUse) as [Use, Use, Use, Use];
    for (const [use, now] of [
      [a, 5],
      [b, 2],
      [again, 9],
      [a, 7],
      [a, 6],
      [earlier, 1],
    ] as const)
      counter.count(use, now);
    await counter.flush();
    expect(written).toEqual([
      new Map([
        ['a', { count: 5, lastUsedAt: 9 }],
        ['b', { count: 1, lastUsedAt: 2 }],
      ]),
    ]);
    await counter.close();
  });

  it('counts a use that was written anew', async () => {
    const counter = createUseCounter(store);
    const use = createUse('a');
    for (const now of [1, 2]) {
      counter.count(use, now);
      await counter.flush();
    }
    expect(written).toEqual([1, 2].map((lastUsedAt) => new Map([['a', { count: 1, lastUsedAt }]])));
    await counter.close();
  });

  it('writes by itself every five seconds unless told otherwise, and only when there is something to write', async () => {
    const counter = createUseCounter(store);
    const quick = createUseCounter(store, 100);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(written).toEqual([]);
    counter.count(createUse('a'), 1);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(written).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(written).toEqual([new Map([['a', { count: 1, lastUsedAt: 1 }]])]);
    quick.count(createUse('b'), 2);
    await vi.advanceTimersByTimeAsync(150);
    expect(written).toHaveLength(2);
    await Promise.all([counter.close(), quick.close()]);
  });

  describe('with many of them', () => {
    const ids = Array.from({ length: 600 }, (_, at) => `c${at}`);
    const countAll = () => {
      vi.useRealTimers();
      const counter = createUseCounter(store);
      for (const id of ids) counter.count(createUse(id), 1);
      return counter;
    };

    it('writes them in parts, between which others have their turn', async () => {
      const counter = countAll();
      const turns: number[] = [];
      const watch = (): void => void (turns.push(written.length) < 4 && setImmediate(watch));
      setImmediate(watch);
      await counter.flush();
      expect(written.map(({ size }) => size)).toEqual([250, 250, 100]);
      expect(turns).toEqual(expect.arrayContaining([1, 2]));
      expect(idsWritten()).toEqual(ids);
      await counter.close();
    });

    it('loses none where the store fails in the middle, and writes none twice', async () => {
      const counter = countAll();
      const flushing = counter.flush();
      failing = true;
      await expect(flushing).rejects.toThrow('full');
      failing = false;
      await counter.close();
      expect(idsWritten().toSorted()).toEqual(ids.toSorted());
    });

    it('has written all of them when it is closed, also while it writes', async () => {
      const counter = countAll();
      const flushing = counter.flush();
      await counter.close();
      expect(idsWritten()).toEqual(ids);
      await flushing;
    });
  });

  it('goes on after a failure of the store, with nothing lost', async () => {
    const counter = createUseCounter(store, 100);
    failing = true;
    counter.count(createUse('a'), 1);
    await vi.advanceTimersByTimeAsync(150);
    counter.count(createUse('a'), 3);
    counter.count(createUse('b'), 2);
    failing = false;
    await vi.advanceTimersByTimeAsync(100);
    expect(written).toEqual([
      new Map([
        ['a', { count: 2, lastUsedAt: 3 }],
        ['b', { count: 1, lastUsedAt: 2 }],
      ]),
    ]);
    await counter.close();
  });

  it.each([0, 1, 2, 3, 4])('has written what came while another run ends, %i steps after it began', async (steps) => {
    const counter = createUseCounter(store);
    counter.count(createUse('a'), 1);
    const running = counter.flush();
    for (let step = 0; step < steps; step += 1) await Promise.resolve();
    counter.count(createUse('b'), 2);
    await counter.flush();
    expect(idsWritten()).toEqual(['a', 'b']);
    await Promise.all([running, counter.close()]);
  });

  it('writes the rest when it closes, and nothing more after that', async () => {
    const counter = createUseCounter(store, 100);
    counter.count(createUse('a'), 1);
    await counter.close();
    expect(written).toHaveLength(1);
    counter.count(createUse('a'), 2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(written).toHaveLength(1);
  });

  it('closes over a store that fails', async () => {
    const counter = createUseCounter(store, 100);
    failing = true;
    counter.count(createUse('a'), 1);
    await expect(counter.close()).resolves.toBeUndefined();
  });

  it('keeps no process alive', () => {
    vi.useRealTimers();
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const counter = createUseCounter(store);
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBe(before);
    return counter.close();
  });
});
