import { isGlob } from '../core/glob.ts';
import { RULE_KINDS, type Policy, type Rule, type RuleKind } from '../core/policy.ts';
import { toServerKey } from './check-settings.ts';
import type { Config, ServerConfig } from './config.ts';

/** Keys or names of what is new, gone, and other than it was. */
export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What a new configuration changes while the program runs. */
export interface Replacement {
  /** By key in the configuration, such as `tools.read_*`; `tools` alone is the order of its globs. */
  readonly rules: Difference;
  /** Declared tools, by name. */
  readonly declaredTools: Difference;
}

/** Rules and declared tools as they hold now, server by server. */
export interface InForce {
  /** Takes those of a new configuration, but for servers that were left as they are. Null when that changes nothing. */
  take(next: Config, left: readonly string[]): Replacement | null;
}

export function createInForce(config: Config): InForce {
  let servers = config.servers;
  return {
    take(next, left) {
      const found = new Map(next.servers.filter(({ name }) => !left.includes(name)).map((each) => [each.name, each]));
      const before = servers.filter(({ name }) => found.has(name));
      const after = before.map((server) => found.get(server.name) ?? server);
      servers = servers.map((server) => found.get(server.name) ?? server);
      const rules = findDifference(before, after, spellRules);
      const replacement = {
        rules: { ...rules, changed: [...rules.changed, ...findReordered(before, after)] },
        declaredTools: findDifference(before, after, spellTools),
      };
      const names = Object.values(replacement).flatMap(({ added, removed, changed }) => [added, removed, changed]);
      return names.every((some) => some.length === 0) ? null : replacement;
    },
  };
}

/** What a server has, by its key, each as a text that is another one where it does something else. */
type Spell = (server: ServerConfig) => readonly (readonly [key: string, text: string])[];

function findDifference(before: readonly ServerConfig[], after: readonly ServerConfig[], spell: Spell): Difference {
  const [old, now] = [new Map(before.flatMap(spell)), new Map(after.flatMap(spell))];
  const keys = [...now.keys()];
  return {
    added: keys.filter((key) => !old.has(key)),
    removed: [...old.keys()].filter((key) => !now.has(key)),
    changed: keys.filter((key) => old.has(key) && old.get(key) !== now.get(key)),
  };
}

const spellRules: Spell = ({ name, policy: { rules, implied, list } }) => [
  ...Object.entries(rules).flatMap(([kind, some]) =>
    some.map((rule) => [toServerKey(name, `${kind}.${rule.pattern}`), spellRule(rule)] as const),
  ),
  // These are of no one server.
  ...[...implied].map(([scope, reached]) => [`scopes.${scope}`, [...reached].toSorted().join(' ')] as const),
  [toServerKey(name, 'list'), list],
];

function spellRule({ scopes, when, hidden, deny, limit }: Rule): string {
  return JSON.stringify([scopes, when?.source, hidden, deny, limit]);
}

const spellTools: Spell = ({ name, upstream }) =>
  upstream?.kind === 'tools'
    ? (upstream.tools?.tools ?? []).map((tool) => [toServerKey(name, tool.name), JSON.stringify(tool)] as const)
    : [];

/** Kinds of rules whose globs judge in another order: the first that matches holds. */
function findReordered(before: readonly ServerConfig[], after: readonly ServerConfig[]): readonly string[] {
  return before.flatMap(({ name, policy }, at) => {
    const next = after[at]?.policy ?? policy;
    return RULE_KINDS.filter((kind) => {
      const [old, now] = [globsOf(policy, kind), globsOf(next, kind)];
      return String(old.filter((glob) => now.includes(glob))) !== String(now.filter((glob) => old.includes(glob)));
    }).map((kind) => toServerKey(name, kind));
  });
}

function globsOf({ rules }: Policy, kind: RuleKind): readonly string[] {
  return rules[kind].map(({ pattern }) => pattern).filter(isGlob);
}
