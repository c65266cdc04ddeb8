import type { Reason, Refusal } from '../core/reason.ts';
import type { Trail } from '../core/trail.ts';
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
  const { outcome, route, principal, message } = exchange;
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
    decision: outcome === null || ALLOWED_FAILURES.has(outcome.reason) ? 'allow' : 'deny',
    reason: outcome?.reason ?? 'allowed',
    status,
    durationMs: now - exchange.startedAt,
    ...exposure(exchange),
    ...needed(outcome),
  });
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
