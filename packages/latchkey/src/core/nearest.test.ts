import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('nearest', () => {
  it('finds the word that was meant', () => {
    expect(nearest('scops', ['limit', 'scopes', 'deny'])).toBe('scopes');
    expect(nearest('SCOPES', ['scope', 'scopes'])).toBe('scopes');
    expect(nearest('', ['a', 'bc'])).toBe('a');
  });

  it('finds none where none is near', () => {
    expect(nearest('zebra', ['limit', 'scopes'])).toBeNull();
    expect(nearest('zebra', [])).toBeNull();
  });
});
