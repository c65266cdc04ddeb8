import { ownerOf, type Principal } from '../core/principal.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Asking } from './asking.ts';
import type { Lock } from './lock.ts';
import { sessionsOf } from './session-owners.ts';

/** Sessions and streams of one principal. */
export function limitOpen(lock: Lock, asking: Asking): Refusal | null {
  const { message } = asking;
  asking.opening = message?.method === 'initialize';
  const wait = asking.opening ? waitForSession(lock, asking) : 0;
  if (wait > 0) return refuse('limit-sessions', { retryAfterSeconds: wait / 1000 });
  asking.stream = message === null ? asking.httpMethod === 'GET' : message.method === 'subscriptions/listen';
  return asking.stream && hasAllStreams(lock, asking) ? refuse('limit-streams', { retryAfterSeconds: 60 }) : null;
}

/** Whichever of its credentials opened them. */
function hasAllStreams({ open, parts }: Lock, { principal }: Asking): boolean {
  const streams = open.toArray().filter(({ asking }) => asking.stream && asking.principal?.id === principal?.id);
  return streams.length >= parts.limits.streams;
}

/** Milliseconds. One that was left alone gives up its place: many clients never say that they leave. */
function waitForSession(lock: Lock, { principal, startedAt }: Asking): number {
  const { parts, open } = lock;
  const sessions = sessionsOf(lock);
  const caller = principal as Principal;
  const askings = open.toArray().map(({ asking }) => asking);
  if (sessions.countOf(caller) + countOpening(askings, caller) < parts.limits.sessions) return 0;
  const busy = new Set(askings.map(sessionOf));
  return sessions.makeRoom(caller, startedAt, (id) => busy.has(id));
}

/** How many sessions of a principal are being opened: each may soon be one more. */
export function countOpening(askings: readonly Asking[], principal: Principal): number {
  const owner = ownerOf(principal);
  return askings.filter((each) => each.opening && each.principal !== null && ownerOf(each.principal) === owner).length;
}

/** The session a request says it is of. 2026-07-28 has none: the header is ignored. */
export function sessionOf({ era, headers }: Asking): string | null {
  return era === 'modern' ? null : headers.sessionId;
}

/** Whether the server's answer says that the session is over. To a GET 404 says no more than 405: it has no such stream. */
export function endsSession(method: string, status: number): boolean {
  return (status === 404 && method !== 'GET') || (method === 'DELETE' && status >= 200 && status < 300);
}
