import { findRule, holdsScopes } from './authorize.ts';
import { couldMatchFrom, matchesAllFrom } from './glob.ts';
import type { Policy, PreparedRule } from './policy.ts';
import { EVERY_SCOPE } from './principal.ts';
import type { Principal } from './principal.ts';

export type ListedKind = 'tools' | 'prompts' | 'resources' | 'templates';

/**
 * Whether a list may show this name, URI or URI template: there is a rule, it neither hides nor denies, and (with
 * `list: callable`) the principal's scopes suffice. A condition hides nothing, since its outcome hangs on the arguments.
 */
export function isVisible(policy: Policy, principal: Principal, kind: ListedKind, name: string): boolean {
  if (policy.empty) return principal.scopes.has(EVERY_SCOPE);
  if (kind === 'templates') return isTemplateVisible(policy, principal, name);
  const prepared = findRule(policy, kind, name);
  return prepared !== null && isShown(policy, principal, prepared);
}

/** Whether a method that none may use without a rule for it can be offered. */
export function isOffered(policy: Policy, principal: Principal, method: string): boolean {
  const prepared = findRule(policy, 'methods', method);
  return prepared !== null && isShown(policy, principal, prepared);
}

function isShown(policy: Policy, principal: Principal, prepared: PreparedRule): boolean {
  if (prepared.rule.hidden || prepared.rule.deny) return false;
  return policy.list === 'all' || holdsScopes(prepared, principal);
}

/**
 * A rule for the template's own text decides. Else the template is shown when a visible rule could judge a URI that
 * starts as the template does, up to its first variable (RFC 6570): exact rules, then globs in order, until one takes
 * everything with that start, since later ones then judge none of them.
 */
function isTemplateVisible(policy: Policy, principal: Principal, template: string): boolean {
  const { exact, globs } = policy.index.resources;
  const own = exact.get(template);
  if (own !== undefined) return isShown(policy, principal, own);
  const brace = template.indexOf('{');
  if (brace === -1) return isVisible(policy, principal, 'resources', template);
  const prefix = template.slice(0, brace);
  for (const [uri, prepared] of exact) if (uri.startsWith(prefix) && isShown(policy, principal, prepared)) return true;
  for (const { glob, prepared } of globs) {
    if (!couldMatchFrom(glob, prefix)) continue;
    if (isShown(policy, principal, prepared)) return true;
    if (matchesAllFrom(glob, prefix)) return false;
  }
  return false;
}
