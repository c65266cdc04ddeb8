import { check, constantFrom, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAmbiguousUri, spellUri } from './resource-uri.ts';

const AMBIGUOUS = [
  'file:///data/../etc/passwd',
  'file:///data/./a',
  'file:///data/..',
  '../etc',
  'file:///data/%2e%2e/etc',
  'file:///data/.%2E/etc',
  'file:///data/%252e%252e/etc',
  'file:///data%2fetc',
  'file:///data%5Cetc',
  String.raw`file:///data\..\etc`,
  'file:///data/a\u0000',
  'file:///data/a%00',
  'file:///data/a\nb',
  'file:///data//secret',
  'file:////data/secret',
  'file:///data/%73ecret',
  'file:///data/secret#x',
  'file:///data/secret?x',
  'FILE:///data/secret',
  'https://EXAMPLE.com/a',
  'file:///data/..;/etc',
  'docs://get?path=../secret',
  'file:///data/\uFF0E\uFF0E\uFF0Fetc',
  'file:///data/%ef%bc%8fetc',
  'file:///data/%c0%ae/etc',
  'file:///data/%zz',
  ' file:///data/a',
  `file:///data/${'a'.repeat(9000)}`,
];

const PLAIN = [
  'file:///data/a.txt',
  'file:///data/..a/b..',
  'file:///data/caf%C3%A9',
  'file:///data/a%20b',
  'file:///data/100%25',
  'https://example.com/a?u=https://other.example/x',
  'test://static/resource/1',
  'note:Todo',
  'demo://Resource/Static/1',
  'mem://a/b?c=d&e=f',
];

describe('isAmbiguousUri', () => {
  it('finds what reads in two ways', () => {
    expect(AMBIGUOUS.filter((uri) => !isAmbiguousUri(uri))).toEqual([]);
  });

  it('passes what reads in one', () => {
    expect(PLAIN.filter((uri) => isAmbiguousUri(uri))).toEqual([]);
  });

  it('finds everything that the URL standard would read as another text', () => {
    const tails = string({ unit: constantFrom(...'/.%2eEfF5cCaA\\?#;:ab\t'), maxLength: 14 });
    const sound = property(tails, (tail) => {
      const uri = `https://h.example/data/${tail}`;
      return URL.parse(uri)?.href === uri || isAmbiguousUri(uri);
    });
    expect(check(sound, { numRuns: 5000 })).toMatchObject({ failed: false, counterexample: null });
  });

  it('is linear', () => {
    const started = performance.now();
    for (const part of ['A', '/', '%25', '.', 'a:', '://', '%']) isAmbiguousUri(`x${part.repeat(8000 / part.length)}`);
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe('spellUri', () => {
  it('gives the other spellings', () => {
    expect(spellUri('file:///a/b')).toEqual([]);
    expect(spellUri('file:///a%20b')).toEqual(['file:///a b', 'file:///a%20b']);
    expect(spellUri('file:///\u00E9')).toEqual(['file:///\u00E9', 'file:///%C3%A9']);
    expect(spellUri('file:///%FF')).toEqual([]);
  });
});
