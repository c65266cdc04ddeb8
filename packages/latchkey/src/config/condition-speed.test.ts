import { describe, expect, it } from 'vitest';
import { parseArguments } from '../core/arguments.ts';
import { createAnonymous } from '../core/principal.ts';
import { compileCondition } from './condition.ts';

const principal = createAnonymous([]);

// Apart from the other tests, because mutation tests cannot hold them: instrumented code is slow.
/** Milliseconds that this thread computed, so that others on the machine do not count. */
function time(source: string, args: unknown): number {
  const compiled = compileCondition(source);
  if (compiled.kind === 'problem') throw new Error(compiled.message);
  const json = JSON.stringify(args);
  const started = process.threadCpuUsage();
  try {
    compiled.condition.test({ args: parseArguments(json), principal, target: 't' });
  } catch {
    // A refusal is an answer too; what counts is how long it took.
  }
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / 1000;
}

describe('compileCondition', () => {
  it('matches in linear time', () => {
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
    expect(Math.min(time(source, args), time(source, args))).toBeLessThan(100);
  });
});
