import { refuse, type Refusal } from '../core/reason.ts';
import { Secret } from '../core/secret.ts';
import type { SignIdentity } from '../core/upstream-identity.ts';
import type { UpstreamTokens } from '../core/upstream-tokens.ts';
import type { Answer, Forwardable, Upstream } from '../core/upstream.ts';
import { Deadlines } from './deadlines.ts';
import { ConnectionPool, type PoolOptions } from './http/connection-pool.ts';
import { DiscardedAnswer } from './http/discarded-answer.ts';
import { Relay, type RelayOptions } from './http/relay.ts';
import { createRequestHeads } from './http/request-head.ts';
import { toBuffer } from './to-buffer.ts';

export interface HttpUpstreamOptions extends PoolOptions, RelayOptions {
  /** Where the MCP endpoint is; no userinfo, no query of a client is ever added. */
  readonly url: URL;
  /** Says who asks in a header of that name, in lower case; null: it is not said. */
  readonly identity: { readonly header: string; readonly sign: SignIdentity } | null;
  /** Access tokens for the upstream; null: nothing but `headers` says who the gateway is. */
  readonly tokens: UpstreamTokens | null;
}

export interface HttpUpstream extends Upstream {
  /** Sets the upstream's own credential and other fixed headers, [name, value, …], for requests from now on; at first there are none. */
  setHeaders(headers: readonly string[]): void;
}

/** An MCP server over Streamable HTTP. Bodies pass byte for byte and unbuffered; a caller that leaves takes its request along. */
export function createHttpUpstream(options: HttpUpstreamOptions): HttpUpstream {
  const { url, identity, tokens } = options;
  const pool = new ConnectionPool(options);
  const reserved = identity === null ? ['authorization'] : ['authorization', identity.header];
  let heads = createRequestHeads(url, [], reserved);
  const deadlines = new Deadlines((now) => pool.closeOverdue(now));

  const send = (request: Forwardable, answer: Answer, token: Secret | null, mayTryAgain: boolean): void => {
    const identified = identity === null ? '' : toLine(identity.header, identity.sign(request.principal, Date.now()));
    const head = heads.toHead(request, identified + toAuthorization(token));
    if (head === null) return answer.fail(refuse('internal'));
    const again = mayTryAgain && token !== null ? () => sendAgain(request, answer, token) : null;
    const relay = new Relay(request, answer, options, deadlines, { again, withToken: token !== null });
    deadlines.watch(relay);
    const connection = pool.send(head, toBody(request), relay);
    if (connection !== null) relay.travel(connection);
  };

  const sendWith = (request: Forwardable, answer: Answer, found: Secret | Refusal, mayTryAgain: boolean): void => {
    // Its caller may have gone while the token was asked for.
    if (answer.aborted) return;
    if (found instanceof Secret) send(request, answer, found, mayTryAgain);
    else answer.fail(found);
  };

  const sendAgain = (request: Forwardable, answer: Answer, refused: Secret): boolean => {
    const found = tokens?.replace(refused, request, Date.now()) ?? null;
    if (found instanceof Promise) void found.then((token) => sendWith(request, answer, token, false));
    else if (found !== null) sendWith(request, answer, found, false);
    return found !== null;
  };

  return {
    kind: 'http',
    label: `${url.origin}${url.pathname}`,
    wantsSubject: tokens?.ofCallers ?? false,
    setHeaders(headers) {
      heads = createRequestHeads(url, headers, reserved);
    },
    forward(request, answer) {
      if (tokens === null) return send(request, answer, null, false);
      const found = tokens.find(request, Date.now());
      if (found instanceof Promise) void found.then((token) => sendWith(request, answer, token, true));
      else sendWith(request, answer, found, true);
    },
    endSession(sessionId) {
      const token = tokens?.own(Date.now()) ?? null;
      // Nobody is there to get a token for; the server ends idle sessions by itself.
      if (tokens !== null && token === null) return;
      const discarded = new DiscardedAnswer(deadlines);
      deadlines.watch(discarded);
      const connection = pool.send(heads.toSessionEnd(sessionId, toAuthorization(token)), null, discarded);
      if (connection !== null) discarded.travel(connection);
    },
    close() {
      deadlines.close();
      pool.close();
      return Promise.resolve();
    },
  };
}

function toBody({ message }: Forwardable): Buffer | null {
  return message === null ? null : toBuffer(message.bytes);
}

function toAuthorization(token: Secret | null): string {
  return token === null ? '' : toLine('authorization', `Bearer ${token.reveal()}`);
}

/** Neither a name nor a value here is a caller's: tokens are checked when they are issued. */
function toLine(name: string, value: string): string {
  return `${name}: ${value}\r\n`;
}
