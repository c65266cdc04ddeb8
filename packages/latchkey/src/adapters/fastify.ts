import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Principal } from '../core/principal.ts';
import type { WireAnswer } from '../core/wire.ts';
import type { AuthInfo } from '../lock/auth-info.ts';
import { expectLock, expectMost } from '../lock/expect-use.ts';
import type { Latchkey } from '../lock/latchkey.ts';
import type { Guard } from '../lock/passage.ts';
import { refuseBegun } from './begun-answer.ts';
import { readDoorOptions, type DoorOptions, type DoorSettings } from './door-options.ts';
import { toMetadataAnswer } from './metadata-answer.ts';
import { judge, letPass } from './node-door.ts';
import { type NodeIncoming, type Seen, toIncoming } from './node-incoming.ts';
import { sendAnswer } from './send-answer.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is asking; there behind `protect()` and `protectMcp()`. */
    principal?: Principal;
    /** The same as handlers of the MCP SDK want it. */
    auth?: AuthInfo;
  }
}

/**
 * Goes where a route has its `onRequest` hooks, which run before anything is read of the body. For any server and route:
 * their types differ in what it does not look at.
 */
export type FastifyHook = (
  request: Pick<FastifyRequest, 'method' | 'originalUrl' | 'ip' | 'protocol' | 'body' | 'principal' | 'auth'> & {
    readonly raw: IncomingMessage | Http2ServerRequest;
  },
  reply: Pick<FastifyReply, 'sent' | 'getHeaders'> & {
    readonly raw: ServerResponse | Http2ServerResponse;
    hijack(): unknown;
  },
  done: HookHandlerDoneFunction,
) => void;

type HookRequest = Parameters<FastifyHook>[0];
type HookReply = Parameters<FastifyHook>[1];

export interface FastifyDoor<Scope extends string> {
  /** Lets in who holds all the scopes of the rule; without any, whoever has a valid credential. */
  protect(this: void, rule?: { readonly scopes?: readonly Scope[] }): FastifyHook;
  /** Lets in messages that the rules allow; Fastify then parses `request.body` of the bytes that were judged. */
  protectMcp(this: void): FastifyHook;
  /** A plugin that answers who asks for the metadata of the resource (RFC 9728); to be registered without a prefix. */
  metadata(this: void): FastifyPluginCallback;
}

/** The doors of a lock for Fastify 5: `request.principal` and `request.auth` are who was let in. */
export function latchkey<Scope extends string>(lock: Latchkey<Scope>, options: DoorOptions = {}): FastifyDoor<Scope> {
  expectLock(lock);
  const settings = readDoorOptions(options);
  return {
    protect: (...rule) => toHook(lock.protect(...rule), settings),
    protectMcp: (...none) => toHook(lock.protectMcp(...none), settings),
    metadata(...none) {
      expectMost(none, 0, 'metadata');
      const { metadata } = lock;
      return (instance, _options, done) => {
        instance.route({
          method: ['GET', 'OPTIONS'],
          url: metadata.path,
          handler: (request, reply) => answer(request, reply, toMetadataAnswer(metadata, request.method)),
        });
        done();
      };
    },
  };
}

function toHook(guard: Guard, options: DoorSettings): FastifyHook {
  const describe = (request: HookRequest): NodeIncoming =>
    toIncoming(request.raw as IncomingMessage, see(request), options);
  const judging = { guard, describe };
  return (request, reply, done) => {
    const raw = rawOf(request, reply);
    if (refuseBegun(guard, ...raw)) return;
    judge(judging, request, (admission) => {
      if (admission.kind === 'refused') return answer(request, reply, admission.answer);
      const authInfo = letPass(...raw, admission, options);
      if (authInfo === null) return;
      request.principal = admission.principal;
      request.auth = authInfo;
      done();
    });
  };
}

/** Answers for the handler, with the headers that plugins set for whatever is answered. */
function answer(request: HookRequest, reply: HookReply, wire: WireAnswer): void {
  if (reply.sent) return;
  const [incoming, outgoing] = rawOf(request, reply);
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) outgoing.setHeader(name, value);
  reply.hijack();
  sendAnswer(incoming, outgoing, wire);
}

/** Those of HTTP/2 do what those of HTTP/1 do. */
function rawOf(request: HookRequest, reply: HookReply): [IncomingMessage, ServerResponse] {
  return [request.raw as IncomingMessage, reply.raw as ServerResponse];
}

// What a proxy says of the caller counts where the app trusts it (`trustProxy`).
function see(request: HookRequest): Seen {
  return {
    target: request.originalUrl,
    address: request.ip,
    encrypted: request.protocol === 'https',
    parsed: request.body,
    rereads: true,
  };
}
