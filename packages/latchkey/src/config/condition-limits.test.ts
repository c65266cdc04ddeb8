import { describe, expect, it } from 'vitest';
import { compileCondition } from './condition.ts';
import { findForbidden, type AstNode } from './condition-limits.ts';

/** What is wrong with a condition and where; null for one that compiles. */
function problemOf(source: string): readonly [string, number] | null {
  const compiled = compileCondition(source);
  return compiled.kind === 'problem' ? [compiled.message, compiled.offset] : null;
}

const literal = (length: number) => `"${'x'.repeat(length)}"`;

describe('findForbidden', () => {
  it('lets no comprehension compare each element with something large', () => {
    expect(problemOf('args.l.all(x, args.l == x)')).toEqual([
      'args may not stand inside all(), exists() or exists_one()',
      14,
    ]);
    expect(problemOf('args.l.exists(x, x == target)')).toEqual([
      'target may not stand inside all(), exists() or exists_one()',
      22,
    ]);
    expect(problemOf('args.l.exists_one(x, true && (x == 1 || size(target) == x))')?.[0]).toMatch(/^target may not/);
    expect(problemOf('args.l.all(x, x == principal.id)')).toBeNull();
    expect(problemOf('args.l.all(x, true) && args.a == target')).toBeNull();
  });

  it('lets no comprehension stand in another, but in what another goes through', () => {
    expect(problemOf('args.l.all(x, x.all(y, true))')).toEqual(['all() may not stand inside another', 14]);
    expect(problemOf('args.l.exists(x, [1].exists_one(y, true))')?.[0]).toBe(
      'exists_one() may not stand inside another',
    );
    expect(problemOf('args.l.all(x, x.startsWith("a") && x.size() == 2)')).toBeNull();
  });

  it('allows three comprehensions and eight additions', () => {
    const three = ['args.l.all(a, true)', 'args.l.exists(a, true)', 'args.l.exists_one(a, true)'].join(' && ');
    expect(problemOf(three)).toBeNull();
    expect(problemOf(`${three} && args.l.all(a, true)`)?.[0]).toBe('more than 3 of all(), exists(), exists_one()');
    expect(problemOf(`args.a == ${Array(9).fill('"x"').join(' + ')}`)).toBeNull();
    expect(problemOf(`args.a == ${Array(10).fill('"x"').join(' + ')}`)?.[0]).toBe('more than 8 additions');
  });

  it.each(['contains', 'indexOf', 'lastIndexOf', 'matches'])(
    'wants the operand of %s() written out, in at most 256 characters',
    (name) => {
      const use = (operand: string) =>
        problemOf(`args.s.${name}(${operand}) == ${name.endsWith('Of') ? '1' : 'true'}`)?.[0] ?? null;
      expect(use('"x"')).toBeNull();
      for (const operand of ['args.t', 'target', '1', 'true', '"a" + "b"', 'principal.id', ''])
        expect([operand, use(operand)]).toEqual([operand, `${name}() takes a literal text`]);
      expect(use(literal(256))).toBeNull();
      expect(use(literal(257))).toBe(`the text of ${name}() is longer than 256`);
    },
  );

  it('points at the operand, or at the call where there is none', () => {
    expect(problemOf('args.a.contains(args.b)')?.[1]).toBe(16);
    expect(problemOf('true || args.a.contains()')?.[1]).toBe(8);
  });

  it('takes patterns of RE2 only, and none that is large', () => {
    expect(problemOf('args.a.matches("^(a|b)+$")')).toBeNull();
    const [message, offset] = problemOf('args.a.matches("(?=a)")') ?? [];
    expect(message).toMatch(/^the pattern is not RE2: ./);
    expect(offset).toBe(15);
    expect(problemOf('args.a.matches("((a{10}){10}){9}(x*x*x*){50}")')).toEqual(['the pattern is too large', 15]);
    expect(problemOf('args.a.contains("(?=a)")')).toBeNull();
  });

  it.each([
    'has(args.x)',
    'size(args.s) == 1',
    'args.s.size() == 1',
    'int(args.x) == 1',
    'double(args.x) == 1.0',
    'bool(args.x)',
    'string(args.x) == "1"',
    'type(args.x) == int',
    'dyn(args.x) == 1',
    'timestamp(args.x) == timestamp(args.y)',
    'args.s.startsWith("a")',
    'args.s.startsWith(args.t) && args.s.endsWith(target)',
    'args.x == null && args.l.all(x, x == "args" || x == "target")',
    'args.s.endsWith("a")',
    'args.s.substring(1, 2) == "a"',
    'args.s.indexOf("a") == 1',
    'args.l.all(x, x > 1)',
    'args.l.exists(x, x > 1)',
    'args.l.exists_one(x, x > 1)',
    '-args.x == 1 && !has(args.y) && (args.z ? true : false)',
    'args.a.b[0]["c"] in [1, 2]',
  ])('allows %s', (source) => {
    expect(problemOf(source)).toBeNull();
  });

  it.each([
    ['foo(1)', 'unknown function foo()', 0],
    ['!foo(1)', 'unknown function foo()', 1],
    ['-foo(1) == 1', 'unknown function foo()', 1],
    ['matches(args.s, "a")', 'unknown function matches()', 0],
    ['size_(args) == 1', 'unknown function size_()', 0],
    ['true || duration("1h") == duration("1h")', 'unknown function duration()', 8],
    ['args.exec("x")', 'unknown method exec()', 0],
    ['args.x.matches_("a")', 'unknown method matches_()', 0],
    ['args.l.map(x, x) == []', 'unknown method map()', 0],
    ['args.l.filter(x, true) == []', 'unknown method filter()', 0],
    ['{} == {}', 'maps and bytes may not be written here', 0],
    ['args.a == b"x"', 'maps and bytes may not be written here', 10],
    ['[[1, foo(1)]] == []', 'unknown function foo()', 5],
    ['true ? foo(1) : false', 'unknown function foo()', 7],
    ['args.l.all(x, foo(x))', 'unknown function foo()', 14],
    ['foo(args).all(x, true)', 'unknown function foo()', 0],
    ['has(args.x) && string(foo(1)) == ""', 'unknown function foo()', 22],
  ])('refuses %s', (source, message, offset) => {
    expect(problemOf(source)).toEqual([message, offset]);
  });

  it('reports the first of several problems', () => {
    expect(problemOf('foo(1) == bar(2)')?.[0]).toBe('unknown function foo()');
  });

  it('puts our own functions in the place of those that can run long', () => {
    const name = { op: 'value', args: 'a', start: 0 };
    const method: AstNode = { op: 'rcall', args: ['matches', { op: 'id', args: 's', start: 0 }, [name]], start: 0 };
    const compiled: string[] = [];
    const compile = (pattern: string) => {
      compiled.push(pattern);
      return null;
    };
    expect(findForbidden(method, compile)).toBeNull();
    expect([(method.args as unknown[])[0], compiled]).toEqual(['matches_', ['a']]);
    const call: AstNode = { op: 'call', args: ['size', [name]], start: 0 };
    expect(findForbidden(call, compile)).toBeNull();
    expect((call.args as unknown[])[0]).toBe('size_');
  });
});
