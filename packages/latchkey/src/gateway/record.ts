import { refuse, type Reason, type Refusal } from '../core/reason.ts';
import type { Trail, TrailEntry } from '../core/trail.ts';
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
    decision: outcome === null || isAllowedFailure(outcome, exchange) ? 'allow' : 'deny',
    reason: outcome?.reason ?? 'allowed',
    status,
    durationMs: now - exchange.startedAt,
  };
  const scopes = outcome?.scopes ?? NO_SCOPES;
  const detail = outcome?.detail;
  // Copying an entry costs as much as writing it, so most are left as they are.
  if (!exchange.exposed && scopes.length === 0 && detail === undefined) trail.record(entry);
  else
    trail.record({
      ...entry,
      ...(exchange.exposed ? { exposed: true } : {}),
      ...(scopes.length === 0 ? {} : { neededScopes: scopes }),
      ...(detail === undefined ? {} : { detail }),
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
