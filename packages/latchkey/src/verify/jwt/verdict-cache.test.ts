import { describe, expect, it } from 'vitest';
import { createVerdictCache, type Judged } from './verdict-cache.ts';

const [one, two, three, other] = [1, 2, 3, 4].map(() => ({})) as unknown as [Judged, Judged, Judged, Judged];

describe('createVerdictCache', () => {
  it('gives what was added, until it is removed', () => {
    const cache = createVerdictCache(2);
    expect(cache.get('one')).toBe(undefined);
    cache.add('one', one);
    cache.add('two', two);
    expect(cache.get('one')).toBe(one);
    cache.remove('one');
    expect(cache.get('one')).toBe(undefined);
    expect(cache.get('two')).toBe(two);
  });

  it('gives up the oldest for a new one when it is full', () => {
    const cache = createVerdictCache(2);
    cache.add('one', one);
    cache.add('two', two);
    cache.add('three', three);
    expect(['one', 'two', 'three'].map((digest) => cache.get(digest))).toEqual([undefined, two, three]);
    expect(cache.get('two')).toBe(two);
  });

  it('gives up none for one that it has, and takes the newer', () => {
    const cache = createVerdictCache(2);
    cache.add('one', one);
    cache.add('two', two);
    cache.add('two', other);
    expect(cache.get('one')).toBe(one);
    expect(cache.get('two')).toBe(other);
  });
});
