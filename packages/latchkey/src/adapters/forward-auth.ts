import type { IncomingMessage, ServerResponse } from 'node:http';
import { expectLock, expectMost } from '../lock/expect-use.ts';
import { createFaults } from '../lock/faults.ts';
import {
  createForwardMcpGuard,
  createForwardRouteGuard,
  readHeaderRule,
  type ForwardGuard,
  type HeaderRule,
} from '../lock/forward-guard.ts';
import { PROXIES, type ProxyKind } from '../lock/forwarded.ts';
import { lockOf, type Latchkey } from '../lock/latchkey.ts';
import { readRule } from '../lock/read-rule.ts';
import { readMembers, readTexts, type Given } from '../lock/read-option.ts';
import { isNetwork } from '../lock/trusted-proxies.ts';
import { createAnswerer, send, toAsked, type SignedIdentity } from './forward-answer.ts';

/** Who asks, and what may be believed of it. */
export interface ForwardAuthOptions {
  /** The program that asks. It says by which headers it describes a request, so each asks a service of its own. */
  readonly proxy: ProxyKind;
  /** IP addresses and networks of the proxy; from others nothing is believed. Default: this machine. */
  readonly trusted?: readonly string[];
  /** Path that the proxy asks at, without a slash at its end; Envoy puts the path of a request behind it. Default: `/auth`. */
  readonly path?: string;
  /** Tells the server who asks by a signed header too. Default: not. */
  readonly identity?: SignedIdentity;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What answers a proxy for one lock. */
export interface ForwardAuthDoor<Scope extends string> {
  /** For any HTTP API behind the proxy; without scopes any valid credential will do. */
  protect(this: void, rule?: { readonly scopes?: readonly Scope[] }): Handler;
  /** For the MCP endpoint behind the proxy. Throws a TypeError where the rules need more than headers. */
  protectMcp(this: void, rule?: Partial<HeaderRule>): Handler;
  /** The metadata of the resource (RFC 9728), for whoever asks. */
  metadata(this: void): Handler;
}

const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1'];
export const ASKED_AT = '/auth';

/** The lock for what a proxy asks before it passes a request on, as handlers of Node's http for the path it asks at. */
export function latchkey<Scope extends string>(
  lock: Latchkey<Scope>,
  options: ForwardAuthOptions,
): ForwardAuthDoor<Scope> {
  expectLock(lock);
  const { proxy, trusted = LOOPBACK, path = ASKED_AT, identity = null } = readOptions(options);
  const given = identity === null ? [] : [identity.header];
  const { onError } = lockOf(lock).parts;
  const answer = createAnswerer({ proxy, trusted, path, given, onError });
  const handle = (guard: ForwardGuard): Handler => {
    const place = { guard, identity };
    return (request, response) =>
      void Promise.resolve(answer(toAsked(request), () => place)).then((each) => send(response, each));
  };
  return {
    protect: (...rule) => handle(createForwardRouteGuard(lockOf(lock), { scopes: readRule(...rule) })),
    protectMcp: (...rule) => handle(createForwardMcpGuard(lockOf(lock), readHeaderRule(...rule))),
    metadata(...none) {
      expectMost(none, 0, 'metadata');
      return (_request, response) =>
        send(response, { status: 200, headers: ['content-type', 'application/json'], body: lock.metadata.body() });
    },
  };
}

// A default for what was misspelt would believe whom nobody meant.
function readOptions(options: ForwardAuthOptions): ForwardAuthOptions {
  const faults = createFaults();
  const members = readMembers({ faults, path: '', value: options }, ['proxy', 'trusted', 'path', 'identity']);
  const at = (path: string): Given => ({ faults, path, value: members[path] });
  if (!PROXIES.includes(members['proxy'] as ProxyKind)) faults.add('proxy', `expected ${PROXIES.join(' or ')}`);
  readTexts(at('trusted'), 'IP addresses and networks such as 10.0.0.0/8', isNetwork);
  const { path = ASKED_AT } = members;
  if (typeof path !== 'string' || !PATH.test(path)) faults.add('path', 'expected a path such as /auth');
  if (members['identity'] !== undefined) readIdentity(at('identity'));
  faults.throwAll('forward-auth');
  return options;
}

const PATH = /^(?:\/[\w.~-]+)*$/;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

function readIdentity(given: Given): void {
  const { header, sign } = readMembers(given, ['header', 'sign']);
  if (typeof header !== 'string' || !HEADER_NAME.test(header))
    given.faults.add('identity.header', 'expected the name of a header');
  if (typeof sign !== 'function') given.faults.add('identity.sign', 'expected a function');
}
