import { array, check, constantFrom, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { couldMatchFrom, coversGlob, matchesAllFrom, matchesGlob, parseGlob } from './glob.ts';

const literal = string({ unit: constantFrom('a', 'b', '.', '*', '/', 'é'), maxLength: 10 });
const text = string({ unit: constantFrom('a', 'b', '.', '/', 'é', '\n'), maxLength: 12 });
// Words for the stars, so that matching texts are not left to chance.
const words = array(text, { minLength: 10, maxLength: 10 });

function toRegExp(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.\\^$+?()[\]{}|/]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('[^]*')}$`);
}

function fill(pattern: string, fillings: readonly string[]): string {
  let next = 0;
  return pattern.replaceAll('*', () => fillings[next++] ?? '');
}

describe('matchesGlob', () => {
  it('agrees with a regular expression', () => {
    const sound = property(literal, text, words, (pattern, other, fillings) => {
      const glob = parseGlob(pattern);
      return matchesGlob(glob, other) === toRegExp(pattern).test(other) && matchesGlob(glob, fill(pattern, fillings));
    });
    expect(check(sound, { numRuns: 3000 })).toMatchObject({ failed: false, counterexample: null });
  });

  it('takes other spellings for other names', () => {
    for (const name of ['echo ', 'Echo', 'e\u200Bcho', 'ech\u043E'])
      expect(matchesGlob(parseGlob('echo'), name)).toBe(false);
    expect(matchesGlob(parseGlob('caf\u00E9*'), 'cafe\u0301 x')).toBe(false);
    expect(matchesGlob(parseGlob('a?c*'), 'abc')).toBe(false);
  });

  it('does not let one run of text stand for two parts of the pattern', () => {
    expect(matchesGlob(parseGlob('ab*ba'), 'aba')).toBe(false);
    expect(matchesGlob(parseGlob('*aa*aa'), 'aaa')).toBe(false);
  });

  it('is quick on texts made to be slow', () => {
    const glob = parseGlob(`${'*a'.repeat(60)}b`);
    const started = performance.now();
    expect(matchesGlob(glob, 'a'.repeat(8000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe('coversGlob', () => {
  it('is right for every text it is tried on', () => {
    const sound = property(literal, literal, words, (first, second, fillings) => {
      const wide = parseGlob(`${first}*`);
      const narrow = parseGlob(`${second}*`);
      const sample = fill(narrow.pattern, fillings);
      return !coversGlob(wide, narrow) || matchesGlob(wide, sample);
    });
    expect(check(sound, { numRuns: 3000 })).toMatchObject({ failed: false, counterexample: null });
  });

  it('finds a witness whenever it says no', () => {
    const sound = property(literal, literal, (first, second) => {
      const wide = parseGlob(`*${first}`);
      const narrow = parseGlob(`*${second}`);
      const witness = narrow.pattern.replaceAll('*', '\u2603');
      return matchesGlob(narrow, witness) && coversGlob(wide, narrow) === matchesGlob(wide, witness);
    });
    expect(check(sound, { numRuns: 3000 })).toMatchObject({ failed: false, counterexample: null });
  });
});

describe('couldMatchFrom and matchesAllFrom', () => {
  it('agree with what extensions of the prefix match', () => {
    const sound = property(literal, text, words, (pattern, prefix, fillings) => {
      const glob = parseGlob(pattern);
      const extension = prefix + fillings.join('');
      const matches = matchesGlob(glob, extension);
      return (couldMatchFrom(glob, prefix) || !matches) && (matches || !matchesAllFrom(glob, prefix));
    });
    expect(check(sound, { numRuns: 3000 })).toMatchObject({ failed: false, counterexample: null });
  });
});
