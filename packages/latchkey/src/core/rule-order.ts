import { coversGlob, isGlob, MAX_GLOB_TARGET, parseGlob } from './glob.ts';
import type { Glob } from './glob.ts';
import type { RuleKind } from './policy.ts';
import type { UriFold } from './create-policy.ts';

/** Longer tool names are not valid (MCP, "Tool names"), so a rule for one would wait for ever. */
const MAX_TOOL_NAME = 128;

export interface Unreachable {
  readonly pattern: string;
  /** Place among the rules, from 0. */
  readonly index: number;
  /** Earlier patterns that take everything this one matches; empty when it can match nothing at all. */
  readonly by: readonly string[];
}

/**
 * Finds the rules that can never judge anything, in the order of the rules: a glob that an earlier glob covers, a pattern
 * that stands twice, and a pattern that no name or URI can match. The answer is exact, and linear in the patterns' text
 * for each pair. An exact rule beats globs, so none covers it.
 */
export function findUnreachable(
  rules: readonly { readonly pattern: string }[],
  kind: RuleKind,
  foldUri: Pick<UriFold, 'isAmbiguous'> | null,
): readonly Unreachable[] {
  const found: Unreachable[] = [];
  const earlier: Glob[] = [];
  const seen = new Set<string>();
  for (const [index, { pattern }] of rules.entries()) {
    const by = isImpossible(pattern, kind, foldUri) ? [] : coveredBy(pattern, earlier, seen);
    if (by !== null) found.push({ pattern, index, by });
    else if (isGlob(pattern)) earlier.push(parseGlob(pattern));
    seen.add(pattern);
  }
  return found;
}

function coveredBy(pattern: string, earlier: readonly Glob[], seen: ReadonlySet<string>): readonly string[] | null {
  if (seen.has(pattern)) return [pattern];
  if (!isGlob(pattern)) return null;
  const glob = parseGlob(pattern);
  const covering = earlier.find((each) => coversGlob(each, glob));
  return covering === undefined ? null : [covering.pattern];
}

const CONTROL = /[\u0000-\u001f\u007f]/;
/** Whatever stands for the `*`, a URI with one of these is judged by exact rules only. */
const NEVER_IN_GLOB = /[\\#]|\/\.{1,2}\/|%(?:2f|5c)/i;
const WHOLE_HOST = /^[^*]*?:\/\/[^*/]*\//;
/** The same for the name of a tool or prompt. */
const NEVER_IN_NAME = /[^\w.*-]|^\.|\.$/;

function isImpossible(pattern: string, kind: RuleKind, foldUri: Pick<UriFold, 'isAmbiguous'> | null): boolean {
  const literal = pattern.replaceAll('*', '').length;
  if (pattern === '' || CONTROL.test(pattern) || !pattern.isWellFormed()) return true;
  if (kind === 'tools' && literal > MAX_TOOL_NAME) return true;
  if (!isGlob(pattern)) return false;
  if ((kind === 'tools' || kind === 'prompts') && NEVER_IN_NAME.test(pattern)) return true;
  if (literal > MAX_GLOB_TARGET) return true;
  return (
    kind === 'resources' &&
    (NEVER_IN_GLOB.test(pattern) || foldUri?.isAmbiguous(WHOLE_HOST.exec(pattern)?.[0] ?? 'a:') === true)
  );
}
