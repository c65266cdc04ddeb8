import { describe, expect, it } from 'vitest';
import { pathOf } from './target-path.ts';

describe('pathOf', () => {
  it('gives the path as it was sent, without its query', () => {
    for (const path of ['/', '/mcp', '/mcp/', '/%6dcp', '//mcp', '/a/../mcp', '/mcp;x="y"']) {
      expect(pathOf(path)).toBe(path);
      expect(pathOf(`${path}?a=/b?c`)).toBe(path);
      expect(pathOf(`${path}?`)).toBe(path);
    }
  });

  it('knows no path with a fragment or with characters that no path has', () => {
    for (const target of ['/mcp#', '/mcp#x', '/mcp x', '/mc\u00e9', '/mcp\u0000', '/m#cp?x'])
      expect(pathOf(target)).toBe('');
  });

  it('takes no other form, and no query that has a fragment behind it', () => {
    for (const target of [
      '',
      '*',
      'mcp',
      'http://127.0.0.1/mcp',
      '127.0.0.1:443',
      '/mcp?x#',
      '/mcp?x y',
      '/mcp?\u00e9',
    ])
      expect(pathOf(target)).toBeNull();
  });
});
