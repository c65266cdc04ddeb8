import type { Message } from '../core/message.ts';
import type { Refusal } from '../core/reason.ts';
import type { TrailEntry } from '../core/trail.ts';
import type { Asking } from './asking.ts';

/** How a request ended. */
export interface Ending {
  /** Null when nothing was against it. */
  readonly outcome: Refusal | null;
  readonly decision: 'allow' | 'deny';
  /** What was asked, where that is not a message's method. */
  readonly method?: string;
  readonly server: string | null;
  /** Of the answer. */
  readonly status: number;
  readonly now: number;
}

/** The one record of a request, for the trail. */
export function toTrailEntry(asking: Asking, { outcome, decision, method, server, status, now }: Ending): TrailEntry {
  const { principal, message } = asking;
  const entry: TrailEntry = {
    at: asking.startedAt,
    requestId: asking.requestId,
    address: asking.address,
    server,
    principal: principal?.id ?? null,
    credential: principal?.name ?? null,
    client: principal?.client ?? null,
    httpMethod: asking.httpMethod,
    method: message?.method ?? method ?? null,
    target: message === null ? null : targetOf(message),
    decision,
    reason: outcome?.reason ?? 'allowed',
    status,
    durationMs: now - asking.startedAt,
  };
  const scopes = outcome?.scopes ?? NO_SCOPES;
  const detail = outcome?.detail;
  // Copying an entry costs as much as writing it, so most are left as they are.
  if (!asking.exposed && scopes.length === 0 && detail === undefined) return entry;
  return {
    ...entry,
    ...(asking.exposed ? { exposed: true } : {}),
    ...(scopes.length === 0 ? {} : { neededScopes: scopes }),
    ...(detail === undefined ? {} : { detail }),
  };
}

const NO_SCOPES: readonly string[] = [];

function targetOf({ name, uri, ref }: Message): string | null {
  return name ?? uri ?? ref?.name ?? ref?.uri ?? null;
}
