import { isRuleScope } from '../core/scope-token.ts';
import { createPolicy } from '../core/create-policy.ts';
import { RULE_KINDS, type Condition, type Policy, type Rule, type RuleKind } from '../core/policy.ts';
import { toCondition } from './condition.ts';
import type { When } from './options.ts';
import { join, member, readChoice, readMembers, readRate, readRecord, readScopes, type Given } from './read-option.ts';
import type { RuleWays } from './rule-ways.ts';

const METHOD_RULE = ['scopes', 'deny'];
const RULE = [...METHOD_RULE, 'when', 'hidden', 'limit'];

/** The policy that options describe; says what is wrong with them. Without `ways` no rule for a name or URI judges anything. */
export function readPolicy(given: Given, ways: RuleWays | null): Policy {
  const members = readMembers(given, [...RULE_KINDS, 'scopes', 'list']);
  const at = (key: string): Given => member(given, key, members[key]);
  const rulesOf = (kind: RuleKind): readonly Rule[] => readRules(at(kind), kind, ways);
  const rules = {
    tools: rulesOf('tools'),
    resources: rulesOf('resources'),
    prompts: rulesOf('prompts'),
    methods: rulesOf('methods'),
    implies: readImplied(at('scopes')),
    list: readChoice<'callable' | 'all'>(at('list'), ['callable', 'all']),
  };
  return createPolicy(rules, ways?.foldUri ?? null);
}

function readRules(given: Given, kind: RuleKind, ways: RuleWays | null): readonly Rule[] {
  const rules = Object.entries(readRecord(given)).map(([pattern, rule]) =>
    readRule(member(given, pattern, rule), pattern, kind),
  );
  for (const { pattern, by } of ways?.findUnreachable(rules, kind, ways.foldUri) ?? []) {
    const why = by.length === 0 ? ' anything' : `: ${by.join(', ')} before it takes everything`;
    given.faults.add(join(given.path, pattern), `this rule can never match${why}`);
  }
  return rules;
}

function readRule(given: Given, pattern: string, kind: RuleKind): Rule {
  const { scopes, deny, when, hidden, limit } = readMembers(given, kind === 'methods' ? METHOD_RULE : RULE);
  const at = (key: string, value: unknown): Given => member(given, key, value);
  return Object.freeze({
    pattern,
    scopes: Object.freeze(readScopes(at('scopes', scopes))),
    when: readWhen(at('when', when)),
    hidden: readChoice(at('hidden', hidden), [false, true]),
    deny: readChoice(at('deny', deny), [false, true]),
    limit: limit === undefined ? null : readRate(at('limit', limit)),
  });
}

function readWhen({ faults, path, value }: Given): Condition | null {
  if (value === undefined) return null;
  if (typeof value === 'function') {
    // A promise is no answer, and would be a no for everyone.
    if (value.constructor.name === 'AsyncFunction') faults.add(path, 'must not be async');
    return toCondition(value as When);
  }
  if (isCondition(value)) return value;
  faults.add(path, "expected a function, or cel('…')");
  return null;
}

function isCondition(value: unknown): value is Condition {
  return typeof value === 'object' && value !== null && 'test' in value && typeof value.test === 'function';
}

function readImplied(given: Given): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(readRecord(given)).map(([scope, value]) => {
      const at = member(given, scope, value);
      if (!isRuleScope(scope)) given.faults.add(at.path, 'is no scope');
      const { implies } = readMembers(at, ['implies']);
      return [scope, readScopes(member(at, 'implies', implies))];
    }),
  );
}
