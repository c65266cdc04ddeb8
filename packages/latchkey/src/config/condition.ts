import { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import type { Condition } from '../core/policy.ts';
import { findForbidden } from './condition-limits.ts';
import type { AstNode } from './condition-limits.ts';
import { requireKinds } from './strict-kinds.ts';

/** Most characters a condition may have. */
const MAX_CONDITION = 1000;
// Instructions of a pattern times characters of text, for one evaluation: about 5 ms.
const MAX_MATCH_WORK = 300_000;
const MAX_PATTERN_PROGRAM = 1000;

const base = new Environment({
  limits: { maxAstNodes: 250, maxDepth: 24, maxListElements: 100, maxMapEntries: 0, maxCallArguments: 3 },
})
  .registerVariable('args', 'map')
  .registerVariable('target', 'string')
  .registerVariable({
    name: 'principal',
    schema: { id: 'string', name: 'string', kind: 'string', client: 'string', scopes: 'list<string>' },
  });

export type CompileResult =
  | { readonly kind: 'condition'; readonly condition: Condition }
  /** `offset` is the place in the source, from 0. */
  | { readonly kind: 'problem'; readonly message: string; readonly offset: number };

/**
 * Compiles a `when` in CEL over `args`, `principal` {id, name, kind, client, scopes} and `target`. What is unknown, is
 * not a yes or no, or could run long on large arguments is a problem. The condition runs in time linear in its input:
 * `matches()` takes a literal RE2 pattern, and one `all`, `exists` or `exists_one` may not stand in another.
 */
export function compileCondition(source: string): CompileResult {
  if (source.length > MAX_CONDITION) return problem(`longer than ${MAX_CONDITION} characters`, 0);
  const patterns = new Map<string, RE2JS>();
  const work = { left: 0 };
  try {
    const parsed = createEnvironment(patterns, work).parse(source);
    const forbidden = findForbidden(parsed.ast as unknown as AstNode, (pattern) => compilePattern(pattern, patterns));
    if (forbidden !== null) return problem(forbidden.message, forbidden.offset);
    const checked = parsed.check();
    if (!checked.valid) return explain(checked.error);
    if (checked.type !== 'bool')
      return problem(`the result is of type ${checked.type}, not bool; compare it with true`, 0);
    requireKinds(parsed.ast as unknown as AstNode);
    return { kind: 'condition', condition: createCondition(source, parsed, work) };
  } catch (error) {
    return explain(error);
  }
}

function createCondition(source: string, evaluate: (context: object) => unknown, work: { left: number }): Condition {
  return Object.freeze<Condition>({
    source,
    test({ args, principal, target }) {
      const { id, name, kind, client, scopes } = principal;
      work.left = MAX_MATCH_WORK;
      // A list of wrong elements makes an error for each; their stacks would take longer than everything else.
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 0;
      try {
        return (
          evaluate({ args, target, principal: { id, name, kind, client: client ?? '', scopes: [...scopes] } }) === true
        );
      } finally {
        Error.stackTraceLimit = stackTraceLimit;
      }
    },
  });
}

// The library's own matches() backtracks and its size() walks strings by iterator; findForbidden renames calls to these.
function createEnvironment(patterns: ReadonlyMap<string, RE2JS>, work: { left: number }): Environment {
  return base
    .clone()
    .registerFunction('string.matches_(string): bool', (text: string, pattern: string) => {
      const compiled = patterns.get(pattern);
      if (compiled === undefined) throw new Error('unknown pattern');
      work.left -= compiled.programSize() * (text.length + 1);
      if (work.left < 0) throw new Error('too much text to match');
      return compiled.test(text);
    })
    .registerFunction('size_(dyn): int', measure)
    .registerFunction('dyn.size_(): int', measure);
}

function measure(value: unknown): bigint {
  if (typeof value === 'string') return BigInt(countCharacters(value));
  if (Array.isArray(value)) return BigInt(value.length);
  if (value instanceof Map) return BigInt(value.size);
  throw new Error('size() is for strings, lists and maps');
}

function countCharacters(text: string): number {
  let count = text.length;
  for (let i = 1; i < text.length; i += 1) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count -= 1;
  }
  return count;
}

function compilePattern(pattern: string, patterns: Map<string, RE2JS>): string | null {
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > MAX_PATTERN_PROGRAM) return 'the pattern is too large';
    patterns.set(pattern, compiled);
    return null;
  } catch (error) {
    return `the pattern is not RE2: ${error instanceof Error ? error.message : 'it does not compile'}`;
  }
}

function explain(error: unknown): CompileResult {
  const { summary, range } = (error ?? {}) as { summary?: string; range?: { start: number } };
  return problem((summary ?? 'it cannot be read').replaceAll(/\b(matches|size)_/g, '$1'), range?.start ?? 0);
}

function problem(message: string, offset: number): CompileResult {
  return { kind: 'problem', message, offset };
}
