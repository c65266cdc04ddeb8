import { array, check, constantFrom, property, string, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob, parseGlob } from './glob.ts';
import { findUnreachable } from './rule-order.ts';
import { FOLD_URI } from './resource-uri.ts';

const find = (patterns: readonly string[], kind: 'tools' | 'resources' = 'tools') =>
  findUnreachable(
    patterns.map((pattern) => ({ pattern })),
    kind,
    FOLD_URI,
  );

const patterns = uniqueArray(string({ unit: constantFrom('a', 'b', '*'), minLength: 1, maxLength: 6 }), {
  minLength: 2,
  maxLength: 6,
});
const name = string({ unit: constantFrom('a', 'b', 'c'), maxLength: 8 });

function judging(all: readonly string[], each: string): number {
  const exact = all.indexOf(each);
  return exact === -1 ? all.findIndex((one) => matchesGlob(parseGlob(one), each)) : exact;
}

describe('findUnreachable', () => {
  it('names the earlier glob that takes everything', () => {
    expect(find(['read_*', 'write_*', 'read_file_*'])).toEqual([{ pattern: 'read_file_*', index: 2, by: ['read_*'] }]);
    expect(find(['*', '*a*'])).toEqual([{ pattern: '*a*', index: 1, by: ['*'] }]);
    expect(find(['a*b', 'ab*ab'])).toEqual([{ pattern: 'ab*ab', index: 1, by: ['a*b'] }]);
  });

  it('lets an exact rule stand after a glob, for it goes first', () => {
    expect(find(['read_*', 'read_file', '*'])).toEqual([]);
  });

  it('finds patterns that stand twice or can match nothing', () => {
    expect(find(['a', 'a']).map(({ index }) => index)).toEqual([1]);
    expect(find(['', 'a\u0007', `${'x'.repeat(129)}`, '\uD800*'])).toHaveLength(4);
    expect(find(['a b*', 'a/*', 'é*', '.*', '*.', 'a b', '*'])).toHaveLength(5);
    expect(find(['file:///a/../*', 'file:///a%2fb*', String.raw`a\*`, 'file:///a/../b'], 'resources')).toHaveLength(3);
    for (const host of ['http://h:80/', 'http://u@h/', 'http://H/', 'https://h./', 'HTTP://h/'])
      expect([host, find([`${host}*`], 'resources').length, find([`${host}a`], 'resources').length]).toEqual([
        host,
        1,
        0,
      ]);
    expect(find(['http://h*', 'http://i:*/', 'http://*', 'db://u@h/*', 'file:///*', 'a:*'], 'resources')).toEqual([]);
  });

  it('says which earlier rule stands in the way, and none where nothing could match', () => {
    expect(find(['a', 'b', 'a'])).toEqual([{ pattern: 'a', index: 2, by: ['a'] }]);
    expect(find(['a*', 'a*'])).toEqual([{ pattern: 'a*', index: 1, by: ['a*'] }]);
    expect(find(['x'.repeat(129)])).toEqual([{ pattern: 'x'.repeat(129), index: 0, by: [] }]);
    expect(find(['read', 'read*', 'r*'])).toEqual([]);
  });

  it('knows how long names can be', () => {
    const tool = (length: number) => find([`${'x'.repeat(length)}*`, 'x'.repeat(length)]).length;
    expect([tool(128), tool(129)]).toEqual([0, 2]);
    // Stars stand for nothing, so they do not count.
    expect(find([`${'*'.repeat(100)}${'x'.repeat(100)}`])).toEqual([]);
    const uri = (length: number) => find([`a:${'x'.repeat(length - 2)}*`], 'resources').length;
    expect([uri(129), uri(8192), uri(8193)]).toEqual([0, 0, 1]);
    expect(find([`a:${'x'.repeat(9000)}`], 'resources')).toEqual([]);
  });

  it('knows what no URI can have that a glob judges', () => {
    for (const pattern of ['a://b#*', 'a\\\\*', 'a://*/./b', 'a://*/../b', 'a://%2F*', 'a://%5c*']) {
      expect([pattern, find([pattern], 'resources').length]).toEqual([pattern, 1]);
    }
    for (const pattern of ['a://*', 'a://b/.../*', 'a://b.c/*', 'a://%20*', 'a://*?x=1'])
      expect([pattern, find([pattern], 'resources').length]).toEqual([pattern, 0]);
  });

  it('never calls a rule unreachable that judges some name', () => {
    const sound = property(patterns, array(name, { maxLength: 20 }), (all, names) => {
      const unreachable = new Set(find(all).map(({ index }) => index));
      return names.every((each) => !unreachable.has(judging(all, each)));
    });
    expect(check(sound, { numRuns: 3000 })).toMatchObject({ failed: false, counterexample: null });
  });

  it('calls a glob reachable only with a name that it judges', () => {
    const complete = property(patterns, (all) => {
      const unreachable = new Set(find(all).map(({ index }) => index));
      const globs = all.flatMap((each, index) => (each.includes('*') ? [index] : []));
      return globs.every(
        (index) => unreachable.has(index) === judging(all, all[index]?.replaceAll('*', 'z') ?? '') < index,
      );
    });
    expect(check(complete, { numRuns: 3000 })).toMatchObject({ failed: false, counterexample: null });
  });
});
