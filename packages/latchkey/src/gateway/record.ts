import { refuse, type Reason, type Refusal } from '../core/reason.ts';
import type { Trail } from '../core/trail.ts';
import { toTrailEntry } from '../lock/trail-entry.ts';
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

/** Writes a trail record of an exchange. Documents that anybody may read leave none unless they are refused. */
export function record(trail: Trail, exchange: Exchange, status: number, now: number): void {
  const { route } = exchange;
  const outcome = exchange.outcome ?? unjudged(exchange);
  if (outcome === null && (route?.kind === 'document' || exchange.request.method === 'OPTIONS')) return;
  trail.record(
    toTrailEntry(exchange, {
      outcome,
      decision: outcome === null || isAllowedFailure(outcome, exchange) ? 'allow' : 'deny',
      ...(route?.kind === 'rotate' ? { method: '/.latchkey/rotate' } : {}),
      server: exchange.server?.name ?? null,
      status,
      now,
    }),
  );
}

/** Writes that a tool's definition is not the pinned one; no caller has part in that, so the record names none. */
export function recordChange(trail: Trail, server: string, tool: string, pin: 'alert' | 'block'): void {
  trail.record({
    at: Date.now(),
    requestId: '',
    address: '',
    server,
    principal: null,
    credential: null,
    client: null,
    httpMethod: '',
    method: 'tools/list',
    target: tool,
    decision: pin === 'block' ? 'deny' : 'allow',
    reason: 'policy-definition',
    status: 0,
    durationMs: 0,
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
