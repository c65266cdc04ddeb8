import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Request, RequestHandler } from 'express';
import type { Principal } from '../core/principal.ts';
import type { AuthInfo } from '../lock/auth-info.ts';
import { expectLock, expectMost } from '../lock/expect-use.ts';
import type { Latchkey } from '../lock/latchkey.ts';
import type { Guard } from '../lock/passage.ts';
import { refuseBegun } from './begun-answer.ts';
import { readDoorOptions, type DoorOptions, type DoorSettings } from './door-options.ts';
import { toMetadataAnswer } from './metadata-answer.ts';
import { judge, letIn } from './node-door.ts';
import { type Seen, toIncoming } from './node-incoming.ts';
import { sendAnswer } from './send-answer.ts';

/** As the MCP SDK says it for Express too, in words that fit those of both of its lines. */
type ExpressAuth = Omit<AuthInfo, 'extra'> & { extra?: Record<string, unknown> };

declare global {
  namespace Express {
    interface Request {
      /** Who is asking; there behind `protect()` and `protectMcp()`. */
      principal?: Principal;
      /** The same as handlers of the MCP SDK want it. */
      auth?: ExpressAuth;
    }
  }
}

/** Middleware for any route: its types differ in what it does not look at, so each keeps those of its parameters. */
export type ExpressMiddleware = (
  request: IncomingMessage & Pick<Request, 'originalUrl' | 'ip' | 'secure' | 'body' | 'principal' | 'auth'>,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

type GuardedRequest = Parameters<ExpressMiddleware>[0];

/** Middleware of one lock. */
export interface ExpressDoor<Scope extends string> {
  /** Lets in who holds all the scopes of the rule; without any, whoever has a valid credential. */
  protect(this: void, rule?: { readonly scopes?: readonly Scope[] }): ExpressMiddleware;
  /** Lets in messages that the rules allow; `req.body` is then the message that was judged. */
  protectMcp(this: void): ExpressMiddleware;
  /** Answers who asks for the metadata of the resource (RFC 9728); to be used by the app itself, without a path. */
  metadata(this: void): RequestHandler;
}

/** The doors of a lock for Express 5 and 4: `req.principal` and `req.auth` are who was let in. */
export function latchkey<Scope extends string>(lock: Latchkey<Scope>, options: DoorOptions = {}): ExpressDoor<Scope> {
  expectLock(lock);
  const settings = readDoorOptions(options);
  return {
    protect: (...rule) => toMiddleware(lock.protect(...rule), settings),
    protectMcp: (...none) => toMiddleware(lock.protectMcp(...none), settings),
    metadata(...none) {
      expectMost(none, 0, 'metadata');
      return (request, response, next) => {
        if (request.path !== lock.metadata.path) return next();
        sendAnswer(request, response, toMetadataAnswer(lock.metadata, request.method));
      };
    },
  };
}

function toMiddleware(guard: Guard, options: DoorSettings): ExpressMiddleware {
  const judging = { guard, describe: (request: GuardedRequest) => toIncoming(request, see(request), options) };
  return (request, response, next) => {
    if (refuseBegun(guard, request, response)) return;
    judge(judging, request, (admission) => {
      if (admission.kind === 'refused') return sendAnswer(request, response, admission.answer);
      const caller = letIn(request, response, admission, options);
      if (caller === null) return;
      request.principal = caller.principal;
      if (caller.body !== undefined) request.body = caller.body;
      next();
    });
  };
}

// What a proxy says of the caller counts where the app trusts it (`trust proxy`); most requests say nothing of that kind.
function see(request: GuardedRequest): Seen {
  const { originalUrl: target, socket, headers } = request;
  const parsed = request.body as unknown;
  if (headers['x-forwarded-for'] !== undefined || headers['x-forwarded-proto'] !== undefined)
    return { target, address: request.ip ?? '', encrypted: request.secure, parsed };
  return { target, address: socket.remoteAddress ?? '', encrypted: (socket as TLSSocket).encrypted === true, parsed };
}
