import { refuse, type Reason, type Refusal } from '../core/reason.ts';
import type { Trail } from '../core/trail.ts';
import { brokenBy } from './bad-request.ts';
import type { Exchange } from './exchange.ts';

// What went wrong behind the gateway was allowed all the same.
const ALLOWED_FAILURES: ReadonlySet<Reason> = new Set([
  'upstream-unreachable',
  'upstream-exited',
  'upstream-timeout',
  'upstream-invalid',
  'upstream-too-large',
  'caller-gone',
]);

/** Writes the one trail record of an exchange. Documents that anybody may read leave none unless they are refused. */
export function record(trail: Trail, exchange: Exchange, status: number, now: number): void {
  const { route, principal, message } = exchange;
  const outcome = exchange.outcome ?? unjudged(exchange);
  if (outcome === null && (route?.kind === 'document' || exchange.request.method === 'OPTIONS')) return;
  trail.record({
    at: exchange.startedAt,
    requestId: exchange.requestId,
    address: exchange.address,
    server: exchange.server?.name ?? null,
    principal: principal?.id ?? null,
    credential: principal?.name ?? null,
    client: principal?.client ?? null,
    httpMethod: exchange.request.method ?? '',
    method: message?.method ?? (route?.kind === 'rotate' ? '/.latchkey/rotate' : null),
    target: targetOf(exchange),
    decision: outcome === null || isAllowedFailure(outcome, exchange) ? 'allow' : 'deny',
    reason: outcome?.reason ?? 'allowed',
    status,
    durationMs: now - exchange.startedAt,
    ...exposure(exchange),
    ...needed(outcome),
  });
}

/** A request that ended before it was handed on or answered was never let through. */
function unjudged({ answer, response }: Exchange): Refusal | null {
  if (answer !== null || response.headersSent) return null;
  return brokenBy(response) ?? refuse('caller-gone');
}

function isAllowedFailure({ reason }: Refusal, { answer }: Exchange): boolean {
  return answer !== null && ALLOWED_FAILURES.has(reason);
}

function targetOf({ message }: Exchange): string | null {
  if (message === null) return null;
  return message.name ?? message.uri ?? message.ref?.name ?? message.ref?.uri ?? null;
}

function exposure({ exposed }: Exchange): { exposed?: true } {
  return exposed ? { exposed: true } : {};
}

function needed(outcome: Refusal | null): { neededScopes?: readonly string[] } {
  return outcome?.scopes === undefined || outcome.scopes.length === 0 ? {} : { neededScopes: outcome.scopes };
}
