import { mayRead } from '../core/authorize.ts';
import type { View } from '../core/filter-list.ts';
import { toMcpLine } from '../core/mcp-line.ts';
import type { Policy } from '../core/policy.ts';
import type { Principal } from '../core/principal.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import { eraOf, revisionsOf } from '../core/revision.ts';
import type { Answer } from '../core/upstream.ts';
import type { WireAnswer } from '../core/wire.ts';
import { isOffered, isVisible } from '../core/visibility.ts';
import { andThen, type Asking, type StepResult } from './asking.ts';
import { authorizeMessage } from './authorize-message.ts';
import { checkAcceptsStream, checkContent } from './check-content.ts';
import { confirmCaller } from './confirm-caller.ts';
import { createFilterAnswer } from './filter-answer.ts';
import { headerOf } from '../core/header-of.ts';
import type { Incoming } from './incoming.ts';
import { keepFromCaches } from './keep-from-caches.ts';
import { limitCalls } from './limit-calls.ts';
import { endsSession, limitOpen, sessionOf } from './limit-open.ts';
import { createGuard, type Lock } from './lock.ts';
import { matchOutsideSession } from './match-outside-session.ts';
import type { Guard, Passage } from './passage.ts';
import { createPrivateAnswer } from './private-answer.ts';
import { identifyCaller } from './route-guard.ts';
import { checkFraming } from './request-headers.ts';
import { scanMessage, scanWithoutMessage, type Spoken } from './scan-message.ts';
import { sessionsOf, type SessionOwners } from './session-owners.ts';
import { isCacheable, isShowing } from './showing.ts';
import { expectsList, type UnansweredLists } from './unanswered-lists.ts';
import { pathOf } from './target-path.ts';

/**
 * A guard for an MCP endpoint (Streamable HTTP): what `createRouteGuard` asks, and then reads the message, holds the
 * headers against it, and judges it by the rules; lists are shown to each caller without what it may not use.
 */
export function createMcpGuard(lock: Lock): Guard {
  const { protocol } = lock.parts;
  const spoken: Spoken = { revisions: revisionsOf(protocol), legacy: protocol !== 'modern' };
  return createGuard(lock, {
    mcp: toMcpLine,
    check: (asking, incoming) => checkRequest(lock, asking, incoming),
    judge: (asking, incoming) =>
      andThen(identifyCaller(lock, asking, incoming), () => judgeMessage(lock, asking, incoming, spoken)),
    reply: (asking) => (matchOutside(lock, asking) === 'accept' ? ACCEPTED : null),
    show: (asking) => createShow(lock, asking),
  });
}

const ACCEPTED: WireAnswer = { status: 202, headers: [], body: '' };

function checkRequest(lock: Lock, asking: Asking, incoming: Incoming): Refusal | null {
  return checkFraming(asking.headers, incoming) ?? checkPlace(lock, asking, incoming);
}

/** Target, Host, Origin and method, in the order of the gateway (DESIGN.md §4). */
export function checkPlace({ parts }: Lock, { headers }: Asking, incoming: Incoming): Refusal | null {
  const path = pathOf(incoming.target);
  if (path === null) return refuse('target-form');
  if (headers.host === null) return refuse('framing', { detail: 'no host' });
  if (!parts.hosts.has(headers.host.toLowerCase())) return refuse('host-foreign');
  if (headers.origin !== null && !parts.origins.has(headers.origin)) return refuse('origin-foreign');
  // Which spellings of a path are this endpoint the router said; one that is none it may have read as another.
  if (path === '') return refuse('path-unknown');
  // 2026-07-28 has neither the GET stream nor sessions to delete.
  const modern = parts.protocol === 'modern' || eraOf(headers.protocolVersion ?? '') === 'modern';
  const allow = modern ? POST : METHODS;
  return allow.includes(incoming.method) ? null : refuse('http-method', { allow });
}

const POST: readonly string[] = ['POST'];
const METHODS: readonly string[] = ['GET', 'POST', 'DELETE'];

function judgeMessage(lock: Lock, asking: Asking, incoming: Incoming, spoken: Spoken): StepResult {
  const refusal = checkBefore(lock, asking, incoming, spoken);
  if (refusal !== null || incoming.method !== 'POST') return refusal ?? authorizeRequest(lock, asking);
  const judge = (body: Uint8Array | Refusal): Refusal | null =>
    (body instanceof Uint8Array ? scanMessage(asking, body, spoken) : body) ?? authorizeRequest(lock, asking);
  const body = incoming.readBody(lock.parts.limits.bodyBytes);
  if (!(body instanceof Promise)) return judge(body);
  const { endOf, now } = lock.parts;
  return body.then((bytes) => andThen(judge(bytes), () => confirmCaller(endOf, asking, now)));
}

/** What can be told before a body is read, or without one. */
function checkBefore({ parts }: Lock, asking: Asking, { method }: Incoming, spoken: Spoken): Refusal | null {
  const { headers } = asking;
  if (method === 'POST') return checkContent(headers, parts.limits.bodyBytes);
  return (method === 'GET' ? checkAcceptsStream(headers.accept) : null) ?? scanWithoutMessage(asking, spoken);
}

/** In the order of the gateway: limits, rules, and then whether what the message points at is the caller's own. */
function authorizeRequest(lock: Lock, asking: Asking): Refusal | null {
  const refusal = limitCalls(lock.state, asking) ?? limitOpen(lock, asking);
  if (refusal !== null) return refusal;
  const denied = authorizeMessage(lock.state, asking, lock.policy);
  if (denied !== null) return denied;
  const outside = matchOutside(lock, asking);
  return typeof outside === 'object' && outside !== null ? outside : checkSession(lock, asking);
}

function matchOutside({ open }: Lock, asking: Asking): ReturnType<typeof matchOutsideSession> {
  return matchOutsideSession(asking, () => open.toArray().map((passage) => passage.asking));
}

function checkSession(lock: Lock, asking: Asking): Refusal | null {
  const session = sessionOf(asking);
  if (session !== null)
    return sessionsOf(lock).isOwn(session, asking.principal as Principal, asking.startedAt)
      ? null
      : refuse('session-unknown');
  // Outside of a session nobody could tell whose stream it is from.
  return asking.message === null && asking.headers.lastEventId !== null ? refuse('session-missing') : null;
}

function createShow(lock: Lock, asking: Asking): Pick<Passage, 'whole' | 'show'> {
  const method = asking.message?.method ?? asking.httpMethod;
  const session = sessionOf(asking);
  const open = session === null ? null : sessionsOf(lock).listsOf(session);
  const lists = asking.message !== null && expectsList(asking.message, open) ? open : null;
  const showing = lists !== null || isShowing(method);
  const whole = !showing && !isCacheable(method) && session === null;
  return {
    whole,
    show(to) {
      const watched = watchSession(sessionsOf(lock), asking, { session, own: showing || isCacheable(method) }, to);
      if (!showing) return isCacheable(method) ? createPrivateAnswer(watched) : watched;
      return createFilterAnswer(watched, viewOf(lock.policy, asking, lists), lock.parts.limits.listBytes);
    },
  };
}

function viewOf(policy: Policy, { principal, era, message }: Asking, lists: UnansweredLists | null): View {
  const caller = principal as Principal;
  return {
    era,
    id: message?.id ?? null,
    visible: (kind, name) => isVisible(policy, caller, kind, name),
    offers: (method) => isOffered(policy, caller, method),
    hears: (uri) => mayRead(policy, caller, uri),
    // The server behind a library is one program for all: what it said of a page means the same to every caller.
    sealCursor: (_kind, cursor) => cursor,
    onList: () => lists?.answered(message?.id ?? 'null'),
  };
}

interface Watched {
  readonly session: string | null;
  /** Whether each caller gets an answer of its own. */
  readonly own: boolean;
}

/** Notes whose a session is when the server opens one, and that it ended when the server says so. */
function watchSession(sessions: SessionOwners, asking: Asking, { session, own }: Watched, to: Answer): Answer {
  return {
    get aborted() {
      return to.aborted;
    },
    onAbort: (handler) => to.onAbort(handler),
    onDrain: (handler) => to.onDrain(handler),
    start(status, headers) {
      const opened = asking.era === 'modern' ? null : headerOf(headers, 'mcp-session-id');
      if (opened !== null && asking.message?.method === 'initialize')
        sessions.open(opened, asking.principal as Principal, asking.startedAt);
      asking.opening = false;
      if (session !== null && endsSession(asking.httpMethod, status)) sessions.end(session);
      to.start(status, own ? keepFromCaches(headers) : headers);
    },
    write: (chunk) => to.write(chunk),
    end: (chunk) => to.end(chunk),
    fail: (refusal) => to.fail(refusal),
    abort: () => to.abort(),
  };
}
