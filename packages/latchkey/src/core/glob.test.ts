import { array, check, constantFrom, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { couldMatchFrom, coversGlob, MAX_GLOB_TARGET, matchesAllFrom, matchesGlob, parseGlob } from './glob.ts';

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
    expect(matchesGlob(parseGlob('*ab*ab*'), 'xab')).toBe(false);
    expect(matchesGlob(parseGlob('*ab*b*'), 'xab')).toBe(false);
  });
});

describe('MAX_GLOB_TARGET', () => {
  it('is the longest text that a glob matches; an exact pattern has no bound', () => {
    const [most, more] = ['a'.repeat(MAX_GLOB_TARGET), 'a'.repeat(MAX_GLOB_TARGET + 1)];
    expect([matchesGlob(parseGlob('*'), most), matchesGlob(parseGlob('*'), more)]).toEqual([true, false]);
    expect([matchesGlob(parseGlob('a*a'), most), matchesGlob(parseGlob('a*a'), more)]).toEqual([true, false]);
    expect(matchesGlob(parseGlob(more), more)).toBe(true);
  });
});

describe('parseGlob', () => {
  it('takes stars that stand together for one', () => {
    expect(parseGlob('a**b***c')).toMatchObject({ head: 'a', middles: ['b'], tail: 'c' });
    expect(parseGlob('**')).toMatchObject({ head: '', middles: [], tail: '' });
    expect(parseGlob('abc')).toMatchObject({ head: 'abc', middles: [], tail: null });
  });
});

describe('coversGlob', () => {
  it('says no about patterns with the character it works with itself', () => {
    for (const [wide, narrow] of [
      ['*', '\uFFFE*'],
      ['\uFFFE', '*'],
      ['\uFFFE*', '\uFFFE*'],
    ] as const)
      expect(coversGlob(parseGlob(wide), parseGlob(narrow))).toBe(false);
  });

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

const could = (pattern: string, prefix: string) => couldMatchFrom(parseGlob(pattern), prefix);

const all = (pattern: string, prefix: string) => matchesAllFrom(parseGlob(pattern), prefix);

describe('couldMatchFrom and matchesAllFrom', () => {
  it('know what an exact pattern and a glob leave open', () => {
    expect([could('abc', 'ab'), could('abc', 'abc'), could('abc', '')]).toEqual([true, true, true]);
    expect([could('abc', 'abcd'), could('abc', 'bc'), could('abc', 'x')]).toEqual([false, false, false]);
    expect([could('ab*', 'a'), could('ab*', 'abc'), could('ab*', 'b')]).toEqual([true, true, false]);
    expect([all('ab*', 'ab'), all('ab*', 'abc'), all('ab*', 'a'), all('ab*c', 'abc'), all('ab', 'ab')]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

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
