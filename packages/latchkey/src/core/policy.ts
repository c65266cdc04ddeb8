import type { Glob } from './glob.ts';
import type { Principal } from './principal.ts';
import type { Reason } from './reason.ts';

/** A compiled `when`: true lets the call through. Throwing counts as false. */
export interface Condition {
  readonly source: string;
  /** Whether a call may pass; what throws is a no. */
  test(input: { readonly args: unknown; readonly principal: Principal; readonly target: string }): boolean;
}

export interface Rule {
  /** An exact name or URI, or a glob in which `*` stands for any run of characters. */
  readonly pattern: string;
  readonly scopes: readonly string[];
  readonly when: Condition | null;
  /** Not listed, and answered as if it did not exist. */
  readonly hidden: boolean;
  readonly deny: boolean;
  /** Calls per period for each principal; null means only the general limits hold. */
  readonly limit: { readonly count: number; readonly periodMs: number } | null;
}

export const RULE_KINDS = ['tools', 'resources', 'prompts', 'methods'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

export interface Policy {
  /** In file order. An exact pattern beats a glob; among globs the first that matches holds. */
  readonly rules: Readonly<Record<RuleKind, readonly Rule[]>>;
  /** True when no rule of any kind exists: then holders of every scope may call everything. */
  readonly empty: boolean;
  /** scope → every scope it implies, itself included, transitively. */
  readonly implied: ReadonlyMap<string, ReadonlySet<string>>;
  readonly list: 'callable' | 'all';
  /** The same rules prepared for look-up by `createPolicy`. */
  readonly index: Readonly<Record<RuleKind, RuleIndex>>;
}

/** A rule with what judging it needs, worked out once. */
export interface PreparedRule {
  readonly rule: Rule;
  /** For each scope the rule asks for: the scopes that grant it, itself first. */
  readonly grants: readonly (readonly string[])[];
  readonly allow: Judgement;
}

export interface RuleIndex {
  readonly exact: ReadonlyMap<string, PreparedRule>;
  /** In file order. */
  readonly globs: readonly { readonly glob: Glob; readonly prepared: PreparedRule }[];
  /** The same with every pattern in small letters, of URIs as `foldUri` and `bareUri` make it; null when nothing changes. */
  readonly folded: Pick<RuleIndex, 'exact' | 'globs'> | null;
  /** The same without the rules that hide; null when none does. */
  readonly open: RuleIndex | null;
}

export type Judgement =
  | { readonly kind: 'allow'; readonly rule: Rule | null }
  | {
      readonly kind: 'deny';
      readonly reason: Exclude<Extract<Reason, `policy-${string}` | 'method-unknown'>, 'policy-definition'>;
      readonly scopes: readonly string[];
      readonly target: string | null;
      /** With `policy-hidden`: the judgement if no rule hid anything, which is what the caller is told. */
      readonly shown?: Judgement;
    };
