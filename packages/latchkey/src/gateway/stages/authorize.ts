import { authorize } from '../../core/authorize.ts';
import type { Rule } from '../../core/policy.ts';
import { refuse, type Refusal } from '../../core/reason.ts';
import type { Exchange, Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Holds (principal, message) against the server's policy. */
export function authorizeStage(state: GatewayState): Stage {
  return {
    name: 'authorize',
    run(exchange) {
      const { server, principal, message } = exchange;
      if (server === null || principal === null) return refuse('internal');
      if (message === null) return null;
      const judgement = authorize(server.policy, principal, message, exchange.era);
      if (judgement.kind === 'allow')
        return judgement.rule === null ? null : limitRule(state, exchange, judgement.rule);
      // A stranger is asked who it is before it is told what it may not do.
      if (principal.kind === 'anonymous' && state.options.verifier !== null)
        return refuse('credential-missing', { scopes: judgement.scopes });
      return refuse(judgement.reason, { scopes: judgement.scopes });
    },
  };
}

function limitRule(state: GatewayState, exchange: Exchange, rule: Rule): Refusal | null {
  exchange.rule = rule;
  if (rule.limit === null) return null;
  const wait = state.limiterOf(rule).take(exchange.principal?.id ?? '', exchange.startedAt);
  return wait > 0 ? refuse('limit-target', { retryAfterSeconds: wait / 1000 }) : null;
}
