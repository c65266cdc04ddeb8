import { findRule } from '../core/authorize.ts';
import type { Policy } from '../core/policy.ts';
import { compilePolicy } from './compile-policy.ts';
import type { Settings } from './schema.ts';
import type { ToolRule } from './tools-file/load-tools-file.ts';

export interface JoinedRules {
  readonly policy: Policy;
  /** Tools for which the configuration has the last word, though their file has a rule too. */
  readonly overruled: readonly string[];
}

/**
 * The rules of a server and of its file of declared tools as one policy. Where the configuration has a rule that judges a
 * tool, a glob too, that one holds and the file's does not.
 */
export function joinRules(
  server: NonNullable<Settings['servers']>[string],
  scopes: Settings['scopes'],
  declared: ReadonlyMap<string, ToolRule>,
): JoinedRules {
  const own = compilePolicy(server, scopes);
  const isFree = (name: string): boolean => findRule(own, 'tools', name) === null;
  const added = [...declared].filter(([name]) => isFree(name)).map(([name, rule]) => [name, toSettings(rule)] as const);
  return {
    policy:
      added.length === 0
        ? own
        : compilePolicy({ ...server, tools: { ...server.tools, ...Object.fromEntries(added) } }, scopes),
    overruled: [...declared.keys()].filter((name) => !isFree(name)),
  };
}

function toSettings({ scopes, limit }: ToolRule): Settings['tools'][string] {
  return { scopes: [...scopes], hidden: false, deny: false, ...(limit === null ? {} : { limit }) };
}
