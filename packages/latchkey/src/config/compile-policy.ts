import { createPolicy } from '../core/create-policy.ts';
import type { Condition, Policy, Rule, RuleKind } from '../core/policy.ts';
import { FOLD_URI } from '../core/resource-uri.ts';
import { compileCondition } from './condition.ts';
import type { Settings } from './schema.ts';

type RuleSettings = Settings['tools'][string] | Settings['methods'][string];

/** Makes the policy of one server from its checked rules. */
export function compilePolicy(server: Pick<Settings, RuleKind | 'list'>, scopes: Settings['scopes']): Policy {
  const compile = (kind: RuleKind): readonly Rule[] =>
    Object.entries<RuleSettings>(server[kind]).map(([pattern, settings]) => toRule(pattern, settings));
  const rules = {
    tools: compile('tools'),
    resources: compile('resources'),
    prompts: compile('prompts'),
    methods: compile('methods'),
    implies: new Map(Object.entries(scopes).map(([scope, { implies }]) => [scope, implies])),
    list: server.list,
  };
  return createPolicy(rules, FOLD_URI);
}

function toRule(pattern: string, settings: RuleSettings): Rule {
  const { scopes, deny } = settings;
  const { hidden, limit, when } = 'hidden' in settings ? settings : { hidden: false };
  const condition = when === undefined ? null : toCondition(when);
  return Object.freeze({ pattern, scopes: Object.freeze(scopes), when: condition, hidden, deny, limit: limit ?? null });
}

function toCondition(source: string): Condition {
  const compiled = compileCondition(source);
  if (compiled.kind === 'condition') return compiled.condition;
  // checkRules has reported it, so this is never asked; if it were, it would let nothing through.
  return { source, test: () => false };
}
