import { describe, expect, it } from 'vitest';
import { parseArguments } from '../core/arguments.ts';
import { createAnonymous } from '../core/principal.ts';
import { compileCondition } from './condition.ts';

const principal = { ...createAnonymous(['a', 'b']), client: 'cli' };

function run(source: string, args: unknown = {}, target = 't'): boolean | string {
  const compiled = compileCondition(source);
  if (compiled.kind === 'problem') return compiled.message;
  try {
    return compiled.condition.test({ args: parseArguments(JSON.stringify(args)), principal, target });
  } catch {
    return 'throws';
  }
}

const problemOf = (source: string) => {
  const compiled = compileCondition(source);
  return compiled.kind === 'problem' ? compiled.offset : 'compiles';
};

function time(source: string, args: unknown): number {
  const compiled = compileCondition(source);
  if (compiled.kind === 'problem') throw new Error(compiled.message);
  const json = JSON.stringify(args);
  const started = performance.now();
  try {
    compiled.condition.test({ args: parseArguments(json), principal, target: 't' });
  } catch {
    // A refusal is an answer too; what counts is how long it took.
  }
  return performance.now() - started;
}

describe('compileCondition', () => {
  it('reads arguments, principal and target', () => {
    expect(run('args.path.startsWith("/data/")', { path: '/data/x' })).toBe(true);
    expect(run('args.path.startsWith("/data/")', { path: '/etc' })).toBe(false);
    expect(run('"a" in principal.scopes && principal.kind == "anonymous" && principal.client == "cli"')).toBe(true);
    expect(run('target == "t" && !has(args.x)')).toBe(true);
    expect(run('args.l.all(x, x.startsWith("a"))', { l: ['ab', 'ac'] })).toBe(true);
    expect(run('size(args.s) == 2 && args.l.size() == 1', { s: '\u{1F600}a', l: [0] })).toBe(true);
  });

  it('compares numbers of every kind', () => {
    for (const source of [
      'args.n > 5',
      'args.n == 10',
      'args.n < 10.5',
      'args.n == 10.0',
      'args.n in [1, 10]',
      'args.n * 2 == 20',
    ]) {
      expect([source, run(source, { n: 10 })]).toEqual([source, true]);
    }
    expect(run('args.n > 1 && args.n < 2', { n: 1.5 })).toBe(true);
    const exact = compileCondition('args.n == 9007199254740993');
    const test = (json: string) =>
      exact.kind === 'condition' && exact.condition.test({ args: parseArguments(json), principal, target: '' });
    expect([test('{"n":9007199254740993}'), test('{"n":9007199254740992}')]).toEqual([true, false]);
  });

  it('throws for what is missing or of the wrong kind, so that the call is refused', () => {
    expect(run('args.path == "x"')).toBe('throws');
    expect(run('!args.path.startsWith("/etc")', { path: 1 })).toBe('throws');
    expect(run('args.n + 1 > 0', { n: 'x' })).toBe('throws');
  });

  it('has no special names', () => {
    expect(run('has(args.constructor)')).toBe(false);
    expect(run('"__proto__" in args')).toBe(false);
    expect(run('args.toString == "x"')).toBe('throws');
    const polluted = compileCondition('has(args.admin)');
    expect(
      polluted.kind === 'condition' &&
        polluted.condition.test({ args: parseArguments('{"__proto__":{"admin":true}}'), principal, target: '' }),
    ).toBe(false);
  });

  it('says where the trouble is', () => {
    expect(problemOf('args.x == 1 && foo == 2')).toBe(15);
    expect(problemOf('args.x == 1 &&')).toBe(14);
    expect(problemOf('principal.shoe == "a"')).toBe(10);
    expect(problemOf('true || args.exec("x")')).toBe(8);
    expect(problemOf('args.flag')).toBe(0);
    expect(problemOf('')).toBe(0);
  });

  it.each([
    'args.l.all(x, args.l.all(y, x == y))',
    'args.l.all(x, x == args.big)',
    'args.l.all(x, x == target)',
    'args.a.contains(args.b)',
    'args.a.matches(args.b)',
    'args.a.matches("(?=a)")',
    'args.a.matches("((a{10}){10}){9}(x*x*x*){50}")',
    'cel.bind(x, args.a + args.a, x == "")',
    'args.l.map(x, x) == []',
    'args.l.filter(x, true) == []',
    'args.l.exists(a, true) && args.l.exists(a, true) && args.l.exists(a, true) && args.l.exists(a, true)',
    'args.s.split("").size() > 1',
    '"a" in {"a": 1}',
    'args.a == b"x"',
    `${'('.repeat(40)}true${')'.repeat(40)}`,
    `args.a == "${'x'.repeat(1000)}"`,
    `args.a == ${Array(20).fill('"x"').join(' + ')}`,
    'duration("1h") == duration("1h")',
    'args.x.matches_("a")',
    'size_(args) == 1',
    '1',
  ])('refuses %s', (source) => {
    expect(compileCondition(source).kind).toBe('problem');
  });

  it('matches in linear time', () => {
    expect(run('args.s.matches("^(a+)+$")', { s: 'aaaa' })).toBe(true);
    expect(run('args.s.matches("b")', { s: 'abc' })).toBe(true);
    time('args.s.matches("^(a+)+$")', { s: 'warm' });
    expect(time('args.s.matches("^(a+)+$")', { s: `${'a'.repeat(10_000)}!` })).toBeLessThan(100);
    expect(time('args.s.matches("^(a+)+$")', { s: `${'a'.repeat(1_000_000)}!` })).toBeLessThan(50);
  });

  const long = 'a'.repeat(1_000_000);
  it.each<[string, unknown]>([
    ['args.s.contains("aaaaaaaaaaaaaaaab")', { s: long }],
    ['args.s == args.t', { s: long, t: `${long}b` }],
    ['size(args.s) > 5', { s: long }],
    ['args.s + args.s + args.s == args.t', { s: long, t: 'x' }],
    ['args.l.all(x, x.startsWith("a"))', { l: Array(2400).fill(1) }],
    ['args.l.exists(x, x.y == 1 || x.z == 2)', { l: Array.from({ length: 1200 }, () => ({})) }],
    ['args.l.all(x, x > 0)', { l: Array(400_000).fill(1) }],
    ['args.l == args.m', { l: Array(1200).fill('a'.repeat(400)), m: Array(1200).fill('a'.repeat(400)) }],
    ['args.l.all(x, x.matches("^(a|b)*c?$"))', { l: Array(1000).fill('a'.repeat(1000)) }],
  ])('answers %s soon on large arguments', (source, args) => {
    time(source, { warm: true });
    time(source, args);
    expect(time(source, args)).toBeLessThan(100);
  });
});
