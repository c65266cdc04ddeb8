import { beforeEach, describe, expect, it } from 'vitest';
import { trailEntry } from '../../../../test/fixtures/trail-entry.ts';
import { createLineBuffers, type LineBuffers } from './line-buffers.ts';

const numbersTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('createLineBuffers', () => {
  let tooLong: number;
  let lines: LineBuffers;

  beforeEach(() => {
    tooLong = 0;
    lines = createLineBuffers(() => void (tooLong += 1));
  });

  /** Takes all that waits, a buffer at a time. */
  const takeAll = (): string[][] => {
    const taken: string[][] = [];
    for (let next = lines.oldest(); next !== null; next = lines.oldest()) {
      const text = next.buffer.toString('utf8', 0, next.used).trimEnd().split('\n');
      expect(text).toHaveLength(next.count);
      taken.push(text.map((line) => (JSON.parse(line) as { requestId: string }).requestId));
      lines.take(next);
    }
    return taken;
  };

  it('gives each entry once, in order, however many came', () => {
    expect(takeAll()).toEqual([]);
    for (const count of [1, 63, 64, 65, 200]) {
      for (const number of numbersTo(count)) lines.add(trailEntry(number));
      expect(lines.waiting).toBe(count);
      expect(takeAll().flat()).toEqual(numbersTo(count).map((number) => `r${number}`));
      expect(lines.waiting).toBe(0);
    }
  });

  it('gives the same lines until they are taken, and what came meanwhile after them', () => {
    lines.add(trailEntry(0));
    const first = lines.oldest();
    lines.add(trailEntry(1));
    expect(lines.oldest()).toBe(first);
    expect(takeAll()).toEqual([['r0'], ['r1']]);
  });

  it('goes on in another buffer when one is full, and uses those again that were taken', () => {
    for (const number of numbersTo(2000)) lines.add(trailEntry(number));
    const taken = takeAll();
    expect(taken.length).toBeGreaterThan(1);
    expect(taken.flat()).toEqual(numbersTo(2000).map((number) => `r${number}`));
    const seen = new Set<Buffer>();
    for (let turn = 0; turn < 5; turn += 1) {
      lines.add(trailEntry(turn));
      const next = lines.oldest()!;
      seen.add(next.buffer);
      lines.take(next);
    }
    expect(seen.size).toBeLessThan(3);
  });

  it('leaves out what no buffer has room for, tells of it, and keeps what is around it', () => {
    const endless = trailEntry(1, { neededScopes: numbersTo(60_000).map(String) });
    for (const each of [trailEntry(0), endless, trailEntry(2)]) lines.add(each);
    expect(takeAll().flat()).toEqual(['r0', 'r2']);
    expect([tooLong, lines.waiting]).toEqual([1, 0]);
  });
});
