import { findRule } from '../core/authorize.ts';
import type { Policy } from '../core/policy.ts';
import { compilePolicy } from './compile-policy.ts';
import type { Settings } from './schema.ts';

export interface JoinedRules {
  readonly policy: Policy;
  /** Tools whose rule is the file's. */
  readonly added: readonly string[];
  /** Tools for which the configuration has the last word, though their file asks for something too. */
  readonly overruled: readonly string[];
}

/**
 * The rules of a server and of its file of declared tools as one policy. Where the configuration has a rule that judges a
 * tool, a glob too, that one holds and the file's does not.
 */
export function joinRules(
  server: NonNullable<Settings['servers']>[string],
  scopes: Settings['scopes'],
  declared: Settings['tools'],
): JoinedRules {
  const own = compilePolicy(server, scopes);
  const entries = Object.entries(declared);
  const isJudged = (name: string): boolean => findRule(own, 'tools', name) !== null;
  const added = Object.fromEntries(entries.filter(([name]) => !isJudged(name)));
  const rules = { ...server.tools, ...added };
  return {
    added: Object.keys(added),
    policy: Object.keys(added).length === 0 ? own : compilePolicy({ ...server, tools: rules }, scopes),
    overruled: entries
      .filter(([name, rule]) => isJudged(name) && (rule.scopes.length > 0 || rule.limit !== undefined))
      .map(([name]) => name),
  };
}
