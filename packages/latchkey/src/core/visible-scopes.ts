import type { Policy } from './policy.ts';
import { EVERY_SCOPE } from './principal.ts';

/** The scopes that visible rules ask for, sorted: the catalogue of an operator's other scopes is nobody's business. */
export function visibleScopes({ rules }: Policy): readonly string[] {
  const scopes = new Set<string>();
  for (const list of Object.values(rules))
    for (const rule of list) if (!rule.hidden && !rule.deny) for (const scope of rule.scopes) scopes.add(scope);
  scopes.delete(EVERY_SCOPE);
  return [...scopes].sort();
}
