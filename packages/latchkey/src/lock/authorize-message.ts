import { authorize } from '../core/authorize.ts';
import type { Judgement, Policy, Rule } from '../core/policy.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Asking } from './asking.ts';
import type { LockState } from './lock-state.ts';

/** Holds (principal, message) against the policy of a server. */
export function authorizeMessage(state: LockState, asking: Asking, policy: Policy): Refusal | null {
  const { principal, message } = asking;
  if (principal === null) return refuse('internal');
  if (message === null) return null;
  const judgement = authorize(policy, principal, message, asking.era);
  if (judgement.kind === 'allow' || judgement.shown === undefined) return toRefusal(state, asking, judgement);
  const told = toRefusal(state, asking, judgement.shown);
  return told === null ? refuse('policy-hidden') : { ...told, reason: 'policy-hidden', shownAs: told.reason };
}

function toRefusal(state: LockState, asking: Asking, judgement: Judgement): Refusal | null {
  if (judgement.kind === 'allow') return judgement.rule === null ? null : limitRule(state, asking, judgement.rule);
  // A stranger is asked who it is before it is told what it may not do.
  if (asking.principal?.kind === 'anonymous' && state.lock.verifier !== null)
    return refuse('credential-missing', { scopes: judgement.scopes });
  return refuse(judgement.reason, { scopes: judgement.scopes });
}

function limitRule(state: LockState, asking: Asking, rule: Rule): Refusal | null {
  asking.rule = rule;
  if (rule.limit === null) return null;
  const wait = state.limiterOf(rule).take(asking.principal?.id ?? '', asking.startedAt);
  return wait > 0 ? refuse('limit-target', { retryAfterSeconds: wait / 1000 }) : null;
}
