import { describe, expect, it } from 'vitest';
import { headerOf } from './header-of.ts';

describe('headerOf', () => {
  it('finds names, not values, and the first of several', () => {
    expect(headerOf(['a', 'b', 'b', 'c', 'b', 'd'], 'b')).toBe('c');
    expect(headerOf(['a', 'b'], 'b')).toBeNull();
  });
});
