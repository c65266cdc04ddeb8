import type { Reason } from '../core/reason.ts';
import type { Trail, TrailEntry } from '../core/trail.ts';
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
  const entry: TrailEntry = {
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
  };
  const scopes = outcome?.scopes ?? NO_SCOPES;
  // Copying an entry costs as much as writing it, so most are left as they are.
  if (!exchange.exposed && scopes.length === 0) trail.record(entry);
  else
    trail.record({
      ...entry,
      ...(exchange.exposed ? { exposed: true } : {}),
      ...(scopes.length === 0 ? {} : { neededScopes: scopes }),
    });
}

const NO_SCOPES: readonly string[] = [];

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
