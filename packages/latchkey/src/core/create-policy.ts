import { isGlob, parseGlob } from './glob.ts';
import type { Policy, PreparedRule, Rule, RuleIndex, RuleKind } from './policy.ts';
import { EVERY_SCOPE } from './principal.ts';

export interface PolicyRules {
  readonly tools: readonly Rule[];
  readonly resources: readonly Rule[];
  readonly prompts: readonly Rule[];
  readonly methods: readonly Rule[];
  /** scope → the scopes it implies, as written. */
  readonly implies: ReadonlyMap<string, readonly string[]>;
  readonly list: 'callable' | 'all';
}

/**
 * Prepares rules for judging: implied scopes are closed transitively and exact names get a map. Rules stay in file order.
 * `foldUri` is what URIs are to who minds little (`FOLD_URI`); where no URI is ever judged it is null, and then none gets
 * a rule.
 */
export function createPolicy(from: PolicyRules, foldUri: UriFold | null): Policy {
  const implied = closeImplied(from.implies);
  const { tools, resources, prompts, methods } = from;
  const rules: Record<RuleKind, readonly Rule[]> = { tools, resources, prompts, methods };
  const prepare = (some: readonly Rule[], fold = FOLD_NAME): RuleIndex => createIndex(some, implied, fold);
  return Object.freeze({
    rules: Object.freeze(rules),
    empty: Object.values(rules).every((some) => some.length === 0),
    implied,
    list: from.list,
    index: Object.freeze({
      tools: prepare(tools),
      resources: foldUri === null ? prepare([]) : prepare(resources, foldUri),
      prompts: prepare(prompts),
      methods: prepare(methods),
    }),
  });
}

function closeImplied(implies: PolicyRules['implies']): Map<string, ReadonlySet<string>> {
  const closed = new Map<string, ReadonlySet<string>>();
  for (const scope of implies.keys()) {
    const reached = new Set([scope]);
    // A set hands out members that are added while it is walked, so this reaches everything and ends on cycles.
    for (const each of reached) for (const next of implies.get(each) ?? []) reached.add(next);
    closed.set(scope, reached);
  }
  return closed;
}

/** What exact patterns, and the pieces of globs, are to who minds little. */
interface Fold {
  exact(pattern: string): string;
  piece(text: string): string;
}

/** The same of URIs, and which of them no glob judges. */
export interface UriFold extends Fold {
  isAmbiguous(uri: string): boolean;
}

const keep = (text: string): string => text;
const lower = (text: string): string => text.toLowerCase();
const AS_WRITTEN: Fold = { exact: keep, piece: keep };
const FOLD_NAME: Fold = { exact: lower, piece: lower };

function createIndex(rules: readonly Rule[], implied: ReadonlyMap<string, ReadonlySet<string>>, fold: Fold): RuleIndex {
  const prepared = rules.map((rule) => prepareRule(rule, implied));
  const same = rules.every(({ pattern }) => isFolded(pattern, fold));
  const open = rules.filter(({ hidden }) => !hidden);
  return Object.freeze({
    ...sortRules(prepared, AS_WRITTEN),
    folded: same ? null : sortRules(prepared, fold),
    open: open.length === rules.length ? null : createIndex(open, implied, fold),
  });
}

function isFolded(pattern: string, fold: Fold): boolean {
  if (!isGlob(pattern)) return fold.exact(pattern) === pattern;
  return pattern.split('*').every((piece) => fold.piece(piece) === piece);
}

function sortRules(rules: readonly PreparedRule[], fold: Fold): Pick<RuleIndex, 'exact' | 'globs'> {
  const exact = new Map<string, PreparedRule>();
  const globs: RuleIndex['globs'][number][] = [];
  for (const prepared of rules) {
    const { pattern } = prepared.rule;
    if (isGlob(pattern)) globs.push({ glob: parseGlob(pattern, fold.piece), prepared });
    else if (!exact.has(fold.exact(pattern))) exact.set(fold.exact(pattern), prepared);
  }
  return Object.freeze({ exact, globs: Object.freeze(globs) });
}

function prepareRule(rule: Rule, implied: ReadonlyMap<string, ReadonlySet<string>>): PreparedRule {
  return Object.freeze({ rule, grants: toGrants(rule.scopes, implied), allow: Object.freeze({ kind: 'allow', rule }) });
}

/** For each scope that is asked for: the scopes that grant it, itself first. */
export function toGrants(scopes: readonly string[], implied: Policy['implied']): PreparedRule['grants'] {
  return scopes.map((scope) => {
    const stronger = [...implied].filter(([holder, reached]) => holder !== scope && reached.has(scope));
    return [scope, ...stronger.map(([holder]) => holder), EVERY_SCOPE];
  });
}
