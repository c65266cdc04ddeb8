import { describe, expect, it } from 'vitest';
import type { ProofKey } from './proof-key.ts';
import { createProofKeys } from './proof-keys.ts';

const keyOf = (thumbprint: string): ProofKey => ({ thumbprint, verifies: () => true });
const NO_KEY = {};

describe('createProofKeys', () => {
  it('knows a key again by the header that it came in, and by no other', () => {
    const keys = createProofKeys();
    const key = keyOf('a');
    keys.add('header.claims.signature', key);
    keys.add('header.claims.signature', key);
    expect(keys.find('a', 'header.others.signature', NO_KEY)).toBe(key);
    expect(keys.find('a', 'other.claims.signature', NO_KEY)).toContain('typ');
    expect(keys.find('b', 'header.claims.signature', NO_KEY)).toContain('typ');
  });

  it('forgets the oldest when there are too many', () => {
    const keys = createProofKeys(1);
    keys.add('one.x.y', keyOf('a'));
    keys.add('two.x.y', keyOf('b'));
    expect(keys.find('a', 'one.x.y', NO_KEY)).toContain('typ');
    expect(keys.find('b', 'two.x.y', NO_KEY)).toMatchObject({ thumbprint: 'b' });
    keys.add('three.x.y', keyOf('b'));
    expect(keys.find('b', 'three.x.y', NO_KEY)).toMatchObject({ thumbprint: 'b' });
  });

  it('forgets none while there is room, nor for a key that it knows', () => {
    const keys = createProofKeys(2);
    const known = (thumbprint: string) => typeof keys.find(thumbprint, `${thumbprint}.x.y`, NO_KEY) !== 'string';
    for (const thumbprint of ['a', 'b', 'b']) keys.add(`${thumbprint}.x.y`, keyOf(thumbprint));
    expect(['a', 'b'].map(known)).toEqual([true, true]);
  });

  it('holds the whole header against the one that it knows', () => {
    const keys = createProofKeys();
    keys.add('header.x.y', keyOf('a'));
    expect(keys.find('a', 'headers.x.y', NO_KEY)).toContain('typ');
    expect(keys.find('a', 'heade', NO_KEY)).toContain('typ');
  });
});
