import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Awaitable } from '../core/store.ts';
import type { SignIdentity } from '../core/upstream-identity.ts';
import type { WireAnswer } from '../core/wire.ts';
import type { ForwardGuard, HeaderRule } from '../lock/forward-guard.ts';
import { toForwarded, type Asked, type ProxyKind, type ProxyOptions } from '../lock/forwarded.ts';
import { toIdentityHeaders } from '../lock/identity-headers.ts';
import type { Latchkey } from '../lock/latchkey.ts';
import type { Admission, Passage } from '../lock/passage.ts';
import { createTrusted } from '../lock/trusted-proxies.ts';
import { toProxyAnswer } from './proxy-answer.ts';

export interface ForwardAuthOptions {
  /** The program that asks. It says by which headers it describes a request, so each asks a service of its own. */
  readonly proxy: ProxyKind;
  /** IP addresses and networks of the proxy; from others nothing is believed. Default: this machine. */
  readonly trusted?: readonly string[];
  /** Path that the proxy asks at, without a slash at its end. Default: `/auth`. */
  readonly path?: string;
  /** Signs who asks, in one more header. */
  readonly identity?: { readonly header: string; readonly sign: SignIdentity };
}

const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1'];
export const ASKED_AT = '/auth';

/** What is in charge of a path that a proxy asks about. */
export interface Place {
  readonly guard: ForwardGuard;
  /** Null: the server is not told by a signed header. */
  readonly identity: { readonly header: string; readonly sign: SignIdentity } | null;
}

/** Answers a proxy as the place of the request it asks about decides. Never rejects. */
export type Answerer = (asked: Asked, placeOf: (path: string) => Place) => Awaitable<WireAnswer>;

/** Throws a TypeError for a network that is none. `given` are the signed headers of all places. */
export function createAnswerer(
  { proxy, trusted = LOOPBACK, path = ASKED_AT }: Pick<ForwardAuthOptions, 'proxy' | 'trusted' | 'path'>,
  given: readonly string[],
): Answerer {
  const described: ProxyOptions = {
    proxy,
    trusted: createTrusted(trusted),
    path,
    given: given.map((name) => name.toLowerCase()),
  };
  return (asked, placeOf) => {
    const forwarded = toForwarded(asked, described);
    const { guard, identity } = placeOf(forwarded.target.split('?', 1)[0] as string);
    const answer = (admission: Admission): WireAnswer =>
      admission.kind === 'refused' ? toProxyAnswer(proxy, admission.answer) : welcome(admission, identity);
    const admission = guard.admit(forwarded);
    return admission instanceof Promise ? admission.then(answer) : answer(admission);
  };
}

function welcome({ principal, headers, finish }: Passage, identity: Place['identity']): WireAnswer {
  const signed = identity === null ? [] : [identity.header, identity.sign(principal, Date.now())];
  finish(200);
  return { status: 200, headers: [...headers, ...toIdentityHeaders(principal), ...signed], body: '' };
}

type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A lock for what a proxy asks before it passes a request on: handlers of Node's http for the path it asks at. */
export function latchkey<Scope extends string>(
  lock: Latchkey<Scope>,
  options: ForwardAuthOptions,
): {
  protect(rule?: { readonly scopes?: readonly Scope[] }): NodeHandler;
  protectMcp(rule?: Partial<HeaderRule>): NodeHandler;
  metadata(): NodeHandler;
} {
  const { identity = null } = options;
  const answer = createAnswerer(options, identity === null ? [] : [identity.header]);
  const handle = (guard: ForwardGuard): NodeHandler => {
    const place = { guard, identity };
    return (request, response) =>
      void Promise.resolve(answer(toAsked(request), () => place)).then((each) => send(response, each));
  };
  return {
    protect: (rule) => handle(lock.protectForwarded(rule)),
    protectMcp: (rule) => handle(lock.protectMcpForwarded(rule)),
    metadata: () => (_request, response) =>
      send(response, { status: 200, headers: ['content-type', 'application/json'], body: lock.metadata.body() }),
  };
}

/** A request of a proxy, as Node received it. */
export function toAsked(request: IncomingMessage): Asked {
  const { method = '', url = '', rawHeaders, httpVersionMajor, httpVersionMinor, socket } = request;
  const address = socket.remoteAddress ?? '';
  return { method, target: url, rawHeaders, httpVersionMajor, httpVersionMinor, address };
}

/** Writes an answer whole. */
export function send(response: ServerResponse, { status, headers, body }: WireAnswer): void {
  // Nothing that was sent with the question is read.
  response.req.resume();
  response.writeHead(status, [...headers, 'content-length', String(Buffer.byteLength(body))]);
  response.end(response.req.method === 'HEAD' ? '' : body);
}
