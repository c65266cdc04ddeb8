import type { UriFold } from '../core/create-policy.ts';
import { FOLD_URI } from '../core/resource-uri.ts';
import { findUnreachable } from '../core/rule-order.ts';

/** What rules are judged by, and what finds those that can never judge anything. */
export interface RuleWays {
  readonly foldUri: UriFold;
  readonly findUnreachable: typeof findUnreachable;
}

export const RULE_WAYS: RuleWays = { foldUri: FOLD_URI, findUnreachable };
