import { describe, expect, it } from 'vitest';
import { createKnownCallers } from './known-callers.ts';

describe('createKnownCallers', () => {
  it('knows the address a principal came from last', () => {
    const known = createKnownCallers();
    known.add('a', 'alice');
    known.add('a', 'alice');
    known.add('b', 'alice');
    expect([known.has('a', 'alice'), known.has('b', 'alice'), known.has('b', 'bob')]).toEqual([false, true, false]);
  });

  it('forgets the first of ten thousand', () => {
    const known = createKnownCallers();
    for (let at = 0; at <= 10_000; at += 1) known.add('a', `p${at}`);
    expect([known.has('a', 'p0'), known.has('a', 'p1'), known.has('a', 'p10000')]).toEqual([false, true, true]);
  });
});
