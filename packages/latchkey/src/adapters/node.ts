import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AuthInfo } from '../lock/auth-info.ts';
import { expectHandler, expectLock } from '../lock/expect-use.ts';
import type { Latchkey } from '../lock/latchkey.ts';
import type { Guard } from '../lock/passage.ts';
import { refuseBegun } from './begun-answer.ts';
import { readDoorOptions, type DoorOptions } from './door-options.ts';
import { toMetadataAnswer } from './metadata-answer.ts';
import { type Caller, judge, letIn } from './node-door.ts';
import { type NodeIncoming, type Seen, toIncoming } from './node-incoming.ts';
import { sendAnswer } from './send-answer.ts';

/** Handles a request that was let in. `request.auth` is what handlers of the MCP SDK look for. */
export type NodeHandler = (
  request: IncomingMessage & { auth?: AuthInfo },
  response: ServerResponse,
  caller: Caller,
) => unknown;

/** Listeners of one lock. */
export interface NodeDoor<Scope extends string> {
  /** Listens for requests to one route; `handler` gets those that are let in. */
  protect(this: void, rule: { readonly scopes?: readonly Scope[] }, handler: NodeHandler): RequestListener;
  /** The same, for whoever has any valid credential. */
  protect(this: void, handler: NodeHandler): RequestListener;
  /** Listens for requests to the MCP endpoint; `handler` reads what was judged from the request, or as `caller.body`. */
  protectMcp(this: void, handler: NodeHandler): RequestListener;
  /** Answers who asks for the metadata of the resource (RFC 9728), and leaves the others to `otherwise`. */
  metadata(this: void, otherwise: RequestListener): RequestListener;
}

/** The doors of a lock for servers of `node:http`. A handler that throws does so as one of `createServer` would. */
export function latchkey<Scope extends string>(lock: Latchkey<Scope>, options: DoorOptions = {}): NodeDoor<Scope> {
  expectLock(lock);
  const settings = readDoorOptions(options);
  const describe = (request: IncomingMessage): NodeIncoming => toIncoming(request, see(request), settings);
  const listen = (guard: Guard, handler: NodeHandler): RequestListener => {
    const judging = { guard, describe };
    return (request, response) => {
      if (refuseBegun(guard, request, response)) return;
      judge(judging, request, (admission) => {
        if (admission.kind === 'refused') return sendAnswer(request, response, admission.answer);
        const caller = letIn(request, response, admission, settings);
        if (caller !== null) handler(request, response, caller);
      });
    };
  };
  return {
    protect(...both: [NodeHandler] | [{ readonly scopes?: readonly Scope[] }, NodeHandler]) {
      const [rule, handler] = both.length === 1 ? [undefined, both[0]] : both;
      expectHandler(handler, 'protect', 'protect({ scopes: […] }, handler)');
      return listen(lock.protect(rule), handler);
    },
    protectMcp(handler) {
      expectHandler(handler, 'protectMcp');
      return listen(lock.protectMcp(), handler);
    },
    metadata(otherwise) {
      expectHandler(otherwise, 'metadata');
      return (request, response) => {
        if (request.url?.split('?', 1)[0] !== lock.metadata.path) return void otherwise(request, response);
        sendAnswer(request, response, toMetadataAnswer(lock.metadata, request.method ?? ''));
      };
    },
  };
}

function see(request: IncomingMessage): Seen {
  return {
    target: request.url ?? '',
    address: request.socket.remoteAddress ?? '',
    encrypted: 'encrypted' in request.socket,
    parsed: undefined,
  };
}
