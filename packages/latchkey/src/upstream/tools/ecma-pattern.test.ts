import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { toEcmaPattern } from './ecma-pattern.ts';

describe('toEcmaPattern', () => {
  it.each([
    ['^[a-z0-9_-]+$', '^[a-z0-9_-]+$'],
    ['^https?://', '^https?://'],
    ['a.b', 'a[^\\n]b'],
    ['\\s+', '[\\t\\n\\f\\r ]+'],
    ['[\\s,]', '[\\t\\n\\f\\r ,]'],
    ['[\\s-]', '[\\t\\n\\f\\r -]'],
    ['\\@\\.', '@\\.'],
    ['a]', 'a\\]'],
    ['[a[b]', '[a\\[b]'],
    ['(?:a|b)', '(?:a|b)'],
  ])('writes %s as %s', (source, written) => {
    expect(toEcmaPattern(source)).toBe(written);
  });

  it.each([
    '(?i)a',
    '(?P<n>a)',
    '[[:alpha:]]',
    '\\Qa\\E',
    '\\pL',
    '\\A',
    'a\\z',
    '[]a]',
    '[^]a]',
    '[\\S]',
    '[\\s-z]',
    '[^a\\s-z]',
    'a{,5}',
    '\\C',
    '\\',
  ])('leaves %s to RE2', (source) => {
    expect(toEcmaPattern(source)).toBeNull();
  });

  it('means the same to both', () => {
    const pieces = [
      'a',
      'b',
      '.',
      '\\s',
      '\\S',
      '[a-c]',
      '[^a]',
      '[\\s.]',
      '[\\s-z]',
      '\\w',
      '\\W',
      '\\d',
      '\\b',
      '^',
      '$',
      '|',
      '*',
      '+?',
      '{2}',
      '(?:',
      '(',
      ')',
      ']',
      '[',
      '\\.',
      '\\]',
      '\\-',
      'é',
      '🔑',
      '-',
    ];
    const texts = fc.string({
      unit: fc.constantFrom(
        'a',
        'b',
        'c',
        '.',
        ' ',
        '\n',
        '\r',
        '\u2028',
        '\u00a0',
        '\v',
        'é',
        '🔑',
        '1',
        ']',
        '[',
        '-',
      ),
      maxLength: 5,
    });
    let compared = 0;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 5 }),
        fc.array(texts, { minLength: 5, maxLength: 5 }),
        (parts, samples) => {
          const source = parts.join('');
          let re2;
          try {
            re2 = RE2JS.compile(source);
          } catch {
            return true;
          }
          const written = toEcmaPattern(source);
          if (written === null) return true;
          compared += 1;
          const ecma = new RegExp(written, 'u');
          return samples.every((text) => ecma.test(text) === re2.matcher(text).find());
        },
      ),
      { numRuns: 5000 },
    );
    expect(compared).toBeGreaterThan(500);
  });
});
