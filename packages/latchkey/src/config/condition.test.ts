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
const asked = (source: string, more: object) => {
  const compiled = compileCondition(source);
  return (
    compiled.kind === 'condition' &&
    compiled.condition.test({ args: new Map(), principal: { ...principal, ...more }, target: 't' })
  );
};

const halves = (text: string) => {
  const compiled = compileCondition('size(args.v) == 2');
  const args = new Map([['v', text]]);
  return compiled.kind === 'condition' && compiled.condition.test({ args, principal, target: '' });
};

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

  it.each<[string, object, boolean | 'throws']>([
    ['args.v != "/etc/passwd"', { v: ['/etc/passwd'] }, 'throws'],
    ['args.v != "/etc/passwd"', { v: { '0': '/etc/passwd' } }, 'throws'],
    ['args.v != "/etc/passwd"', { v: null }, 'throws'],
    ['args.v != "/etc/passwd"', { v: '/data' }, true],
    ['"x" != args.v', { v: 1 }, 'throws'],
    ['!(args.v == "x")', { v: ['x'] }, 'throws'],
    ['args.v == "x"', { v: true }, 'throws'],
    ['!(args.v in ["users", "secrets"])', { v: ['users'] }, 'throws'],
    ['!(args.v in ["users", "secrets"])', { v: 'orders' }, true],
    ['!("admin" in args.v)', { v: [['admin']] }, 'throws'],
    ['!("admin" in args.v)', { v: { '0': 'admin' } }, 'throws'],
    ['!("admin" in args.v)', { v: 'admin' }, 'throws'],
    ['!("admin" in args.v)', { v: ['user'] }, true],
    ['"admin" in args.v', { v: [1, 'admin'] }, true],
    ['1 in args || true in args', { 1: 2 }, 'throws'],
    ['"v" in args', { v: 1 }, true],
    ['args.v == true ? false : true', { v: 'true' }, 'throws'],
    ['args.v == true ? false : true', { v: 1 }, 'throws'],
    ['args.v == true ? false : true', { v: false }, true],
    ['!args.v.exists(t, t == "secrets")', { v: [['secrets']] }, 'throws'],
    ['!args.v.exists(t, t == "secrets")', { v: { secrets: 1 } }, 'throws'],
    ['!args.v.exists(t, t == "0")', { v: { a: 'secrets' } }, 'throws'],
    ['args.v.all(t, t == "orders")', { v: { orders: 'users' } }, 'throws'],
    ['args.v.all(t, t in ["orders"])', { v: {} }, 'throws'],
    ['args.v.exists_one(t, t == "a")', { v: { a: 1 } }, 'throws'],
    ['args.v.all(t, t != "users")', { v: [{ t: 'users' }] }, 'throws'],
    ['args.v.all(t, t != "users")', { v: ['orders'] }, true],
    ['args.v != ["a"]', { v: [['a']] }, 'throws'],
    ['args.v != ["a"]', { v: ['b'] }, true],
    ['args.v == args.w', { v: { a: [1] }, w: { a: [1.0] } }, true],
    ['args.v != args.w', { v: { a: [1] }, w: { a: ['1'] } }, 'throws'],
    ['args.v != args.w', { v: { a: 1 }, w: { b: 1 } }, true],
    ['args["v"] != "a"', { v: ['a'] }, 'throws'],
    ['size(args.v) == 1 && [args.v[0] != "a"] == [true]', { v: [['a']] }, 'throws'],
    ['type(args.v) == string && size(args.v) < 20', { v: ['a'] }, false],
    ['type(args.v) == string && size(args.v) < 20', { v: 'a' }, true],
    ['timestamp(args.v) != timestamp("2026-01-01T00:00:00Z")', { v: '2026-01-02T00:00:00Z' }, true],
    ['timestamp(args.v) in [timestamp("2026-01-02T00:00:00Z")]', { v: '2026-01-02T00:00:00Z' }, true],
    ['!(timestamp(args.v) in args.w)', { v: '2026-01-02T00:00:00Z', w: ['2026-01-02T00:00:00Z'] }, 'throws'],
    ['type(args.v) in [string, int]', { v: 1 }, true],
    ['type(args.v) in [string, int]', { v: [1] }, false],
    ['timestamp(args.v) == args.v', { v: '2026-01-02T00:00:00Z' }, 'throws'],
  ])('does not take values of different kinds for different ones: %s with %j is %s', (source, args, result) => {
    expect(run(source, args)).toBe(result);
  });

  it('compares null that is written with values of every kind', () => {
    for (const v of ['x', 1, 1.5, true, ['x'], [], { a: 1 }]) {
      const sources = ['args.v != null', 'null != args.v', '!(args.v == null)'];
      expect([v, ...sources.map((source) => run(source, { v }))]).toEqual([v, true, true, true]);
    }
    for (const source of ['args.v == null', 'null == args.v', 'args.v in [null]', 'args.v == args.v'])
      expect([source, run(source, { v: null })]).toEqual([source, true]);
    const optional = 'args.v == null || args.v.startsWith("/data/")';
    expect([null, '/data/x', '/etc', ['/etc']].map((v) => run(optional, { v }))).toEqual([true, true, false, 'throws']);
  });

  it('lets another part decide only where the failing one could not change the result', () => {
    const either = 'args.v == 5 || args.v == "all"';
    expect([5, 'all', 6, 'some', ['all']].map((v) => run(either, { v }))).toEqual([
      true,
      true,
      'throws',
      'throws',
      'throws',
    ]);
    expect(run('args.v != "x" || true', { v: [] })).toBe(true);
    expect(run('!(args.v != "x" && false)', { v: [] })).toBe(true);
    for (const source of ['args.v != "x" || false', '!(args.v == "x" && true)', '(args.v != "x") ? true : true'])
      expect([source, run(source, { v: [] })]).toEqual([source, 'throws']);
    expect(run('!args.v.exists(t, t == "a")', { v: [1, 'b'] })).toBe('throws');
    expect(run('args.v.exists(t, t == "a")', { v: [1, 'a'] })).toBe(true);
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

  it('sees every member of the principal, and no client as an empty text', () => {
    expect(asked('principal.id == "token:f" && principal.name == "n"', { id: 'token:f', name: 'n' })).toBe(true);
    expect(asked('principal.client == ""', { client: null })).toBe(true);
    expect(asked('principal.client == ""', {})).toBe(false);
    expect(asked('size(principal.scopes) == 1 && principal.scopes[0] == "x"', { scopes: new Set(['x']) })).toBe(true);
    expect(problemOf('principal.servers == "x"')).not.toBe('compiles');
  });

  it('keeps its source, for people to read', () => {
    const compiled = compileCondition('args.n  == 1');
    expect(compiled.kind === 'condition' && compiled.condition.source).toBe('args.n  == 1');
    expect(compiled.kind === 'condition' && Object.isFrozen(compiled.condition)).toBe(true);
  });

  it('throws where a part that decides is no yes or no', () => {
    expect([run('args.a || args.b', { a: false, b: 1 }), run('args.a && args.b', { a: true, b: 'true' })]).toEqual([
      'throws',
      'throws',
    ]);
    expect(run('args.a && args.b', { a: true, b: true })).toBe(true);
  });

  it('counts characters, elements and members', () => {
    const size = (value: unknown) =>
      [0, 1, 2, 3].find((count) => run(`size(args.v) == ${count}`, { v: value }) === true);
    expect(['', 'a', '\u{1F600}', '\u{1F600}\u{1F600}', 'a\u{1F600}'].map(size)).toEqual([0, 1, 1, 2, 2]);
    // Halves of a pair that stand alone, or the wrong way round, count as one each.
    expect(['\ud83da', 'a\ude00', '\ude00\ud83d', '\ud83d\ud83d', '\ude00\ude00', '\uf000\ude00'].map(halves)).toEqual(
      Array(6).fill(true),
    );
    expect([[], [1], [1, 2]].map(size)).toEqual([0, 1, 2]);
    expect([{}, { a: 1 }, { a: 1, b: 2 }].map(size)).toEqual([0, 1, 2]);
    expect([run('size(args.v) == 1', { v: 1 }), run('args.v.size() == 1', { v: true })]).toEqual(['throws', 'throws']);
  });

  it('says what a function that it put in place was given, by the name that was written', () => {
    expect(run('size(args.s, 2) == 1')).toBe("found no matching overload for 'size(dyn, int)'");
    expect(run('args.s.size(1) == 2')).toBe("found no matching overload for 'dyn.size(int)'");
    expect(run('1')).toBe('the result is of type int, not bool; compare it with true');
  });

  it('takes conditions of 1000 characters, lists of 100 elements and 250 parts', () => {
    expect([run('true'.padEnd(1000)), run('true'.padEnd(1001))]).toEqual([true, 'longer than 1000 characters']);
    const among = (count: number) => run(`args.n in [${Array(count).fill('1').join()}]`, { n: 1 });
    expect([among(100), among(101)]).toEqual([true, expect.stringContaining('maxListElements')]);
    const parts = (count: number) => run(Array(count).fill('true').join('&&'));
    expect([parts(125), parts(126)]).toEqual([true, expect.stringContaining('maxAstNodes')]);
    expect(run('args.s.substring(1, 2, 3, 4) == "a"')).toContain('maxCallArguments');
    expect(run(`${'['.repeat(30)}1${']'.repeat(30)} == []`)).toContain('maxDepth');
  });

  it('matches as much text as its time allows in one evaluation, and as much again in the next', () => {
    const compiled = compileCondition('args.s.matches("^a*$") && args.t.matches("^a*$")');
    if (compiled.kind === 'problem') throw new Error(compiled.message);
    const match = (s: number, t: number) => {
      const args = new Map([
        ['s', 'a'.repeat(s)],
        ['t', 'a'.repeat(t)],
      ]);
      return () => compiled.condition.test({ args, principal, target: '' });
    };
    // About 300,000 steps of a pattern of about six.
    expect(match(20_000, 20_000)()).toBe(true);
    expect(match(20_000, 20_000)()).toBe(true);
    expect(match(80_000, 1)).toThrow('too much text to match');
    expect(match(40_000, 40_000)).toThrow('too much text to match');
    expect(match(20_000, 20_000)()).toBe(true);
  });

  it('leaves the traces of errors as they were, also when it throws', () => {
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 7;
    try {
      run('args.n == 1', { n: 1 });
      run('args.n + 1 > 0', { n: 'x' });
      expect(Error.stackTraceLimit).toBe(7);
    } finally {
      Error.stackTraceLimit = before;
    }
  });

  it('matches RE2 patterns anywhere in a text', () => {
    expect(run('args.s.matches("^(a+)+$")', { s: 'aaaa' })).toBe(true);
    expect(run('args.s.matches("b")', { s: 'abc' })).toBe(true);
    expect(run('args.s.matches("^b")', { s: 'abc' })).toBe(false);
  });
});
