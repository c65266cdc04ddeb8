import type { ServerConfig } from '../../config/config.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { judgePrincipal } from '../../core/authorize.ts';
import type { Policy, PreparedRule, RuleKind } from '../../core/policy.ts';
import { EVERY_SCOPE } from '../../core/principal.ts';
import { formatTable } from '../table.ts';
import type { Explanation } from './explain.ts';
import type { Holder } from './holder.ts';
import { toWords, type DenialReason } from './reason-words.ts';

/** What one server lets a holder do. */
export interface ServerOverview {
  readonly name: string;
  /** Why it may do nothing there; null where its rules say. */
  readonly reason: DenialReason | null;
  /** In the order in which they judge: exact ones first. What `when` says of an allowed one hangs on the call. */
  readonly rules: readonly (Explanation['rules'][number] & Pick<Explanation, 'decision' | 'reason' | 'scopes'>)[];
}

const KINDS = ['methods', 'tools', 'resources', 'prompts'] as const satisfies readonly RuleKind[];

/** What a holder may do, rule by rule. */
export function describeRights(
  { locate }: LoadedConfig,
  servers: readonly ServerConfig[],
  holder: Holder,
): readonly ServerOverview[] {
  return servers.map(({ name, policy }) => {
    const reason = holder.refusalAt(name) ?? (policy.empty ? judgeWithoutRules(holder) : null);
    if (reason !== null) return { name, reason, rules: [] };
    const at = name === 'default' ? [] : ['servers', name];
    const rules = KINDS.flatMap((kind) =>
      listPrepared(policy, kind).map((prepared) => {
        const { pattern, scopes, when } = prepared.rule;
        const denial = judgePrincipal(prepared, holder.principal);
        return {
          kind,
          pattern,
          where: locate([...at, kind, pattern]),
          when: when?.source ?? null,
          decision: denial === null ? ('allow' as const) : ('deny' as const),
          reason: denial,
          scopes,
        };
      }),
    );
    return { name, reason, rules };
  });
}

function judgeWithoutRules({ principal }: Holder): DenialReason | null {
  return principal.scopes.has(EVERY_SCOPE) ? null : 'policy-no-rule';
}

function listPrepared({ index }: Policy, kind: RuleKind): readonly PreparedRule[] {
  const { exact, globs } = index[kind];
  return [...exact.values(), ...globs.map(({ prepared }) => prepared)];
}

/** The same as a table for people. */
export function formatRights(servers: readonly ServerOverview[]): string {
  const rows = servers.flatMap(({ name, reason, rules }) =>
    rules.length === 0
      ? [[name, ...toCells(reason), '-', reason === 'policy-no-rule' ? EVERY_SCOPE : '-', '']]
      : rules.map((rule) => [
          name,
          ...toCells(rule.reason),
          `${rule.kind} ${rule.pattern}`,
          rule.scopes.join(' ') || '-',
          rule.when ?? '',
        ]),
  );
  return formatTable(['SERVER', 'DECISION', 'WHY', 'RULE', 'NEEDS', 'WHEN'], rows);
}

function toCells(reason: DenialReason | null): readonly [decision: string, why: string] {
  return reason === null ? ['allow', '-'] : ['deny', toWords(reason)];
}
