import { describe, expect, it } from 'vitest';
import { keepFromCaches } from './keep-from-caches.ts';

describe('keepFromCaches', () => {
  it('puts its own word in the place of everything that is said to caches', () => {
    const said = [
      'Cache-Control',
      'public',
      'age',
      '1',
      'expires',
      'never',
      'pragma',
      'x',
      'CDN-Cache-Control',
      'public',
    ];
    expect(keepFromCaches([...said, 'surrogate-control', 'max-age=9', 'content-type', 'application/json'])).toEqual([
      'cache-control',
      'no-store, no-transform',
      'content-type',
      'application/json',
    ]);
  });

  it('says it where nothing was said', () => {
    expect(keepFromCaches([])).toEqual(['cache-control', 'no-store, no-transform']);
  });
});
