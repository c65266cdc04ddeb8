import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../core/principal.ts';
import type { Awaitable } from '../core/store.ts';
import type { SignIdentity } from '../core/upstream-identity.ts';
import type { WireAnswer } from '../core/wire.ts';
import type { ForwardGuard } from '../lock/forward-guard.ts';
import { toForwarded, type Asked, type ProxyKind } from '../lock/forwarded.ts';
import { toIdentityHeaders } from '../lock/identity-headers.ts';
import type { Admission, Passage } from '../lock/passage.ts';
import { createTrusted } from '../lock/trusted-proxies.ts';
import { toProxyAnswer } from './proxy-answer.ts';

/** Signs who asks, in one more header. */
export interface SignedIdentity {
  readonly header: string;
  readonly sign: SignIdentity;
}

/** What is in charge of a path that a proxy asks about. */
export interface Place {
  readonly guard: ForwardGuard;
  /** Null: the server is not told by a signed header. */
  readonly identity: SignedIdentity | null;
}

export interface AnswererOptions {
  /** The program that asks. */
  readonly proxy: ProxyKind;
  readonly trusted: readonly string[];
  readonly path: string;
  /** The signed headers of all places. */
  readonly given: readonly string[];
  /** Told why nobody could be named to the server. */
  readonly onError: (error: unknown) => void;
}

/** Answers a proxy as the place of the request it asks about decides. Never rejects. */
export type Answerer = (asked: Asked, placeOf: (path: string) => Place) => Awaitable<WireAnswer>;

/** Throws a TypeError for a network that is none. */
export function createAnswerer({ proxy, trusted, path, given, onError }: AnswererOptions): Answerer {
  const described = { proxy, trusted: createTrusted(trusted), path, given: given.map((name) => name.toLowerCase()) };
  return (asked, placeOf) => {
    const forwarded = toForwarded(asked, described);
    const { guard, identity } = placeOf(forwarded.target.split('?', 1)[0] as string);
    const answer = (admission: Admission): WireAnswer =>
      admission.kind === 'refused' ? toProxyAnswer(proxy, admission.answer) : welcome(admission, identity, onError);
    const admission = guard.admit(forwarded);
    return admission instanceof Promise ? admission.then(answer) : answer(admission);
  };
}

function welcome(passage: Passage, identity: SignedIdentity | null, onError: AnswererOptions['onError']): WireAnswer {
  const { principal, headers } = passage;
  let given: readonly string[];
  try {
    const signed = identity === null ? [] : [identity.header, sign(identity, principal)];
    given = [...headers, ...toIdentityHeaders(principal), ...signed];
  } catch (error) {
    onError(error);
    // A server that goes by that header would not know who it is.
    passage.finish(500);
    return { status: 500, headers: [], body: '' };
  }
  passage.finish(200);
  return { status: 200, headers: given, body: '' };
}

// One line of visible ASCII (RFC 9110 §5.5).
const HEADER_VALUE = /^[\x20-\x7e]+$/;

function sign(identity: SignedIdentity, principal: Principal): string {
  const signed: unknown = identity.sign(principal, Date.now());
  if (typeof signed === 'string' && HEADER_VALUE.test(signed)) return signed;
  // A promise that is rejected, and that nobody waits for, would end the process.
  Promise.resolve(signed).catch(() => {});
  throw new TypeError('identity.sign gave no text that may stand in a header');
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
