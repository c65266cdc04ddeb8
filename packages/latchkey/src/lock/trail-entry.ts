import type { Message } from '../core/message.ts';
import type { Refusal } from '../core/reason.ts';
import type { TrailEntry } from '../core/trail.ts';
import type { Asking } from './asking.ts';

/** How a request ended, or where it is. */
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

/** A record of a request, for the trail. */
export function toTrailEntry(asking: Asking, { outcome, decision, method, server, status, now }: Ending): TrailEntry {
  const { principal, message, phase } = asking;
  const entry: { -readonly [Name in keyof TrailEntry]: TrailEntry[Name] } = {
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
    // A clock may have been set back meanwhile.
    durationMs: Math.max(0, now - asking.startedAt),
  };
  if (phase) entry.phase = phase;
  if (asking.exposed) entry.exposed = true;
  if (outcome?.scopes?.length) entry.neededScopes = outcome.scopes;
  if (outcome?.detail) entry.detail = outcome.detail;
  return entry;
}

function targetOf({ name, uri, ref }: Message): string | null {
  return name ?? uri ?? ref?.name ?? ref?.uri ?? null;
}
