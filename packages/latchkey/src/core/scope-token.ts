import { EVERY_SCOPE } from './principal.ts';

/** What a scope is made of (RFC 6749 §3.3): printable ASCII without space, quote and backslash. */
export const SCOPE_TOKEN: RegExp = /^[!#-[\]-~]+$/;

/** Longer scopes are taken for a mistake in rules. */
export const LONGEST_RULE_SCOPE = 128;

/** Whether a rule can ask for it: `*` stands for all of them. */
export function isRuleScope(text: string): boolean {
  return text !== EVERY_SCOPE && text.length <= LONGEST_RULE_SCOPE && SCOPE_TOKEN.test(text);
}
