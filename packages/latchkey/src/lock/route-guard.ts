import { holdsGrants } from '../core/authorize.ts';
import { toGrants } from '../core/create-policy.ts';
import type { Policy, PreparedRule } from '../core/policy.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import { type Asking, andThen, type StepResult } from './asking.ts';
import { findCredential, identify } from './identify.ts';
import type { Incoming } from './incoming.ts';
import { limitAddress } from './limit-address.ts';
import { limitCalls } from './limit-calls.ts';
import { createGuard, type GuardKind, type Lock } from './lock.ts';
import type { Guard } from './passage.ts';
import { checkAmbiguous } from './request-headers.ts';

export interface RouteRule {
  /** Scopes that are needed, all of them. */
  readonly scopes: readonly string[];
}

/** A guard for one route of any HTTP API: asks who is there, and whether it holds the scopes. Never reads the body. */
export function createRouteGuard(lock: Lock, rule: RouteRule): Guard {
  return createGuard(lock, { mcp: null, ...judgeRoute(lock, rule), show: () => WHOLE });
}

/** Everything a route asks of a request, in order. */
export function judgeRoute(lock: Lock, { scopes }: RouteRule): Pick<GuardKind, 'check' | 'judge'> {
  const grantsOf = rememberGrants(scopes);
  return {
    check: (asking, incoming) => checkAmbiguous(asking.headers, incoming.rawHeaders),
    judge(asking, incoming) {
      const identified = identifyCaller(lock, asking, incoming);
      return identified === null
        ? authorizeScopes(lock, asking, scopes, grantsOf)
        : andThen(identified, () => authorizeScopes(lock, asking, scopes, grantsOf));
    },
  };
}

/** An answer that every caller may see as it is. */
export const WHOLE = { whole: true, show: <Answer>(to: Answer): Answer => to } as const;

/** Address limits, then who is asking. */
export function identifyCaller(lock: Lock, asking: Asking, incoming: Incoming): StepResult {
  return limitAddress(lock.state, asking) ?? identifyBy(lock, asking, incoming);
}

function identifyBy({ state, parts }: Lock, asking: Asking, incoming: Incoming): StepResult {
  const url =
    asking.headers.dpop === null ? null : `${parts.resource.origin}${incoming.target.split('?', 1)[0] as string}`;
  return identify(state, asking, findCredential(asking, url, incoming.request), parts);
}

type GrantsOf = (policy: Policy) => PreparedRule['grants'];

/** Worked out once for each policy: a reload brings another one. */
function rememberGrants(scopes: readonly string[]): GrantsOf {
  let of: Policy | null = null;
  let grants: PreparedRule['grants'] = [];
  return (policy) => {
    if (policy !== of) {
      of = policy;
      grants = toGrants(scopes, policy.implied);
    }
    return grants;
  };
}

function authorizeScopes(
  { state, policy }: Lock,
  asking: Asking,
  scopes: readonly string[],
  grantsOf: GrantsOf,
): Refusal | null {
  const { principal } = asking;
  const limited = limitCalls(state, asking);
  if (limited !== null || principal === null) return limited ?? refuse('internal');
  const stranger = principal.kind === 'anonymous' && state.lock.verifier !== null;
  // Who asks for no scope asks for a credential, whatever strangers may do elsewhere.
  if (scopes.length === 0 ? !stranger : holdsGrants(grantsOf(policy), principal)) return null;
  return refuse(stranger ? 'credential-missing' : 'policy-scope', { scopes });
}
