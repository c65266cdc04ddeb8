import { textOf } from '../core/bytes.ts';
import type { Principal } from '../core/principal.ts';
import type { AuthInfo } from '../lock/auth-info.ts';
import { expectHandler, expectLock, expectMost } from '../lock/expect-use.ts';
import type { RouteLock } from '../lock/create-route-lock.ts';
import type { Latchkey } from '../lock/latchkey.ts';
import type { Guard } from '../lock/passage.ts';
import { readDoorOptions, type DoorOptions } from './door-options.ts';
import { toMetadataAnswer } from './metadata-answer.ts';
import { answerThrough } from './web-answer.ts';
import { admit, toIncoming } from './web-incoming.ts';
import { authInfoOf, respond, toJudged } from './web-request.ts';

/** Who is asking, as handlers are told. */
export interface Caller {
  readonly principal: Principal;
  /** What handlers of the MCP SDK take under that name. */
  readonly authInfo: AuthInfo;
}

/** The same at an MCP endpoint. */
export interface McpCaller extends Caller {
  /** The JSON value of the message that was judged; undefined where there was none. */
  readonly parsedBody: unknown;
}

/** `Rest`: what the runtime gives besides the request, as the environment of a Worker. */
export type Handler<Told, Rest extends readonly unknown[]> = (
  request: Request,
  caller: Told,
  ...rest: Rest
) => Response | Promise<Response>;

/** A handler as runtimes call it. */
export type Fetch<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Promise<Response>;

/** What a Request does not tell of itself. */
export interface FetchOptions<Rest extends readonly unknown[]> extends DoorOptions {
  /** The caller's IP address. Default: not known, so limits of addresses do not hold. */
  readonly addressOf?: (request: Request, ...rest: Rest) => string;
  /** Whether the caller's connection was encrypted. Default: as the scheme of the URL says. */
  readonly encrypted?: (request: Request, ...rest: Rest) => boolean;
  /** [name, value, …] as they came, HTTP/1.1. Default: those of the Request, where what came twice is joined. */
  readonly rawHeaders?: (request: Request, ...rest: Rest) => readonly string[];
}

/** What stands before the handlers of one lock. */
export interface FetchDoor<Scope extends string, Rest extends readonly unknown[]> {
  /** Serves one route; `handler` gets the requests that are let in. Without scopes any valid credential will do. */
  protect(this: void, rule: { readonly scopes?: readonly Scope[] }, handler: Handler<Caller, Rest>): Fetch<Rest>;
  /** Serves the MCP endpoint; the body that `handler` reads, and `parsedBody`, are what was judged. */
  protectMcp(this: void, handler: Handler<McpCaller, Rest>): Fetch<Rest>;
  /** The metadata of the resource (RFC 9728) where a request is for it, else null. */
  metadata(this: void): (request: Request) => Response | null;
}

/** The doors of a lock for servers that take a web-standard Request. A handler that throws does so as without a lock. */
export function latchkey<Scope extends string, Rest extends readonly unknown[] = []>(
  lock: Latchkey<Scope>,
  options?: FetchOptions<Rest>,
): FetchDoor<Scope, Rest>;
export function latchkey<Scope extends string, Rest extends readonly unknown[] = []>(
  lock: RouteLock<Scope>,
  options?: FetchOptions<Rest>,
): Omit<FetchDoor<Scope, Rest>, 'protectMcp'>;
export function latchkey<Scope extends string, Rest extends readonly unknown[] = []>(
  lock: RouteLock<Scope>,
  given: FetchOptions<Rest> = {},
): FetchDoor<Scope, Rest> {
  expectLock(lock);
  const options = readDoorOptions(given, 'addressOf', 'encrypted', 'rawHeaders');
  const judge = (guard: Guard, request: Request, rest: Rest): ReturnType<Guard['admit']> =>
    admit(guard, request.method, () => {
      const address = options.addressOf?.(request, ...rest) ?? '';
      const encrypted = options.encrypted?.(request, ...rest) ?? null;
      const rawHeaders = options.rawHeaders?.(request, ...rest) ?? null;
      return toIncoming(request, { address, encrypted, rawHeaders, parsed: null }, options);
    });
  return {
    protect(rule, handler) {
      expectHandler(handler, 'protect', 'protect({ scopes: […] }, handler)');
      const guard = lock.protect(rule);
      return async (request, ...rest) => {
        const admitting = judge(guard, request, rest);
        const admission = admitting instanceof Promise ? await admitting : admitting;
        if (admission.kind === 'refused') return respond(admission.answer);
        const { principal } = admission;
        const caller: Caller = {
          principal,
          get authInfo() {
            return authInfoOf(request, principal, options);
          },
        };
        const serve = (): Response | Promise<Response> => handler(request, caller, ...rest);
        return answerThrough(admission, { request, serve });
      };
    },
    protectMcp(handler) {
      expectHandler(handler, 'protectMcp');
      const guard = (lock as Latchkey<Scope>).protectMcp();
      return async (request, ...rest) => {
        const admission = await judge(guard, request, rest);
        if (admission.kind === 'refused') return respond(admission.answer);
        const { principal, message } = admission;
        const judged = toJudged(request, admission);
        const caller: McpCaller = {
          principal,
          authInfo: authInfoOf(request, principal, options),
          parsedBody: message === null ? undefined : JSON.parse(textOf(message.bytes)),
        };
        const serve = (): Response | Promise<Response> => handler(judged.request, caller, ...rest);
        return answerThrough(admission, { request, serve, onStopped: judged.stop });
      };
    },
    metadata(...none) {
      expectMost(none, 0, 'metadata');
      return (request) =>
        new URL(request.url).pathname === lock.metadata.path
          ? respond(toMetadataAnswer(lock.metadata, request.method))
          : null;
    },
  };
}
