import { parseExact } from '../core/exact-json.ts';
import { parseMessage } from '../core/parse-message.ts';
import { PLAIN_ID, toPlainList } from '../core/plain-call.ts';
import type { Principal } from '../core/principal.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Answer, Forwardable } from '../core/upstream.ts';
import { collectAnswer, messagesIn, type Collected } from './collect-answer.ts';
import type { Exchange, ProtectedServer } from './exchange.ts';
import { openPlainSession } from './plain-session.ts';
import { askOn } from './resumption.ts';
import type { GatewayState } from './state.ts';
import { createVisibleAnswer } from './visible-answer.ts';

/** A judged plain call, as it goes to the upstream. */
interface PlainCall {
  readonly exchange: Exchange;
  readonly server: ProtectedServer;
  readonly principal: Principal;
  readonly request: Forwardable;
}

interface Response {
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown };
}

const MAX_PAGES = 100;

/** Answers a plain call with `{"result": …}`, the list of tools with all its pages as `{"tools": […]}`, or `{"error": …}`. */
export function callPlainly(state: GatewayState, call: PlainCall, answer: Answer): void {
  const { exchange } = call;
  const serve = exchange.route?.kind === 'rest-list' ? listAll : callOnce;
  serve(state, call, answer).then(
    (served) => ('reason' in served ? answer.fail(served) : reply(answer, served)),
    (error: unknown) => {
      state.options.log('error', 'a plain call failed', { requestId: exchange.requestId, error: String(error) });
      answer.fail(refuse('internal'));
    },
  );
}

interface Served {
  readonly status: number;
  readonly body: string;
}

async function callOnce(state: GatewayState, call: PlainCall, answer: Answer): Promise<Served | Refusal> {
  const heard = await ask(state, call, answer, call.request);
  if ('reason' in heard) return heard;
  const response = responseIn(heard);
  if (response === null) return refuse('upstream-invalid');
  if (response.error !== undefined) return toError(heard, response);
  return { status: 200, body: JSON.stringify({ result: response.result }) };
}

async function listAll(state: GatewayState, call: PlainCall, answer: Answer): Promise<Served | Refusal> {
  const { server, principal } = call;
  const tools: unknown[] = [];
  let { request } = call;
  let size = 0;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const heard = await ask(state, call, answer, request);
    if ('reason' in heard) return heard;
    size += heard.text.length;
    if (size > state.options.limits.listBytes) return refuse('upstream-too-large');
    const response = responseIn(heard);
    if (response === null) return refuse('upstream-invalid');
    if (response.error !== undefined) return toError(heard, response);
    const result = response.result as { tools?: unknown; nextCursor?: unknown } | null;
    if (Array.isArray(result?.tools)) tools.push(...(result.tools as unknown[]));
    if (typeof result?.nextCursor !== 'string') return { status: 200, body: JSON.stringify({ tools }) };
    const owner = { server: server.name, principal: principal.id, kind: 'tools' } as const;
    const next = parseMessage(toPlainList(state.cursors.unseal(owner, result.nextCursor)));
    if (next.kind === 'refused') return refuse('upstream-invalid');
    request = { ...request, message: next.message };
  }
  return refuse('upstream-too-large');
}

/** Asks a server of 2026-07-28, and one that does not know that revision again in a session of its own. */
async function ask(
  state: GatewayState,
  { exchange, server, principal }: PlainCall,
  answer: Answer,
  request: Forwardable,
): Promise<Collected | Refusal> {
  const shown = { server, principal, at: exchange.startedAt };
  const { unreadBytes: maxBytes, callMaxMs } = state.options.limits;
  const sendOnce = (sent: Forwardable, timeoutMs: number | null): Promise<Collected | Refusal> => {
    const { answer: kept, outcome, stop } = collectAnswer({ maxBytes, timeoutMs });
    answer.onAbort(() => stop(refuse('caller-gone')));
    if (kept.aborted) return outcome;
    server.upstream.forward(sent, createVisibleAnswer(state, { ...shown, era: sent.era, message: sent.message }, kept));
    return outcome;
  };
  const send = (sent: Forwardable): Promise<Collected | Refusal> => askOn(sendOnce, sent, callMaxMs);
  const heard = await send(request);
  if ('reason' in heard || server.upstream.kind !== 'http' || knowsRevision(heard)) return heard;
  const session = await openPlainSession(send, request);
  if ('reason' in session) return heard;
  const inSession = await send({ ...request, ...session.request });
  if (session.request.sessionId !== null) server.upstream.endSession(session.request.sessionId);
  return inSession;
}

/** Servers before 2026-07-28 refuse such a message by a status, with an error that is about no request of theirs. */
function knowsRevision(heard: Collected): boolean {
  if (heard.status < 400) return true;
  const code = responseIn(heard)?.error?.code;
  return code !== undefined && code !== UNSUPPORTED_VERSION;
}

const UNSUPPORTED_VERSION = -32022;

/** The response to the call; null when there is none. */
function responseIn(heard: Collected): Response | null {
  for (const text of messagesIn(heard)) {
    try {
      const message = parseExact(text) as (Response & { readonly id?: unknown }) | null;
      const answers = message?.result !== undefined || typeof message?.error === 'object';
      if (message?.id === JSON.parse(PLAIN_ID) && answers) return message;
    } catch {
      // What is no JSON is no response.
    }
  }
  return null;
}

function toError({ status }: Collected, { error }: Response): Served {
  const fitting = status >= 400 ? status : (STATUSES.get(error?.code) ?? 502);
  return { status: fitting, body: JSON.stringify({ error }) };
}

const STATUSES: ReadonlyMap<unknown, number> = new Map([
  [-32700, 400],
  [-32600, 400],
  [-32602, 400],
  [-32601, 404],
]);

function reply(answer: Answer, { status, body }: Served): void {
  answer.start(status, [
    'content-type',
    'application/json',
    'cache-control',
    'no-store',
    'content-length',
    String(Buffer.byteLength(body)),
  ]);
  answer.end(body);
}
