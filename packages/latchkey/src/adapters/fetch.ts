import type { Principal } from '../core/principal.ts';
import { toAuthInfo, type AuthInfo } from '../lock/auth-info.ts';
import type { Incoming } from '../lock/incoming.ts';
import type { Latchkey } from '../lock/latchkey.ts';
import type { Passage } from '../lock/passage.ts';
import type { DoorOptions } from './door-options.ts';
import { answerThrough } from './web-answer.ts';
import { toIncoming } from './web-incoming.ts';
import { toMetadataResponse } from './web-metadata.ts';
import { toJudged, toRefusal } from './web-request.ts';

/** Who is asking, as handlers are told. `authInfo` is what MCP SDK handlers take under that name. */
export interface Let {
  readonly principal: Principal;
  readonly authInfo: AuthInfo;
}

/** The same at an MCP endpoint, with the message that was judged, parsed: `undefined` where there is none. */
export interface LetMcp extends Let {
  readonly parsedBody: unknown;
}

/** `Rest`: what the runtime gives besides the request, as Deno's connection or the environment of a Worker. */
export type Handler<Told, Rest extends readonly unknown[]> = (
  request: Request,
  told: Told,
  ...rest: Rest
) => Response | Promise<Response>;

export type Fetch<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Promise<Response>;

export interface FetchOptions<Rest extends readonly unknown[]> extends DoorOptions {
  /** The caller's IP address. Default: not known, so limits of addresses do not hold. */
  readonly addressOf?: (request: Request, ...rest: Rest) => string;
  /** Whether the caller's connection was encrypted. Default: as the scheme of the URL says. */
  readonly encrypted?: (request: Request, ...rest: Rest) => boolean;
}

export interface FetchDoor<Scope extends string, Rest extends readonly unknown[]> {
  /** A handler for one route, behind the lock. Without scopes any valid credential will do. */
  protect(rule: { readonly scopes?: readonly Scope[] }, handler: Handler<Let, Rest>): Fetch<Rest>;
  protect(handler: Handler<Let, Rest>): Fetch<Rest>;
  /** A handler for the MCP endpoint, behind the lock. Its request has the very bytes that were judged as its body. */
  protectMcp(handler: Handler<LetMcp, Rest>): Fetch<Rest>;
  /** The metadata of the resource (RFC 9728), where the request is for that; else null. */
  metadata(): (request: Request) => Response | null;
}

/** The lock, for servers that take a web-standard Request and give a Response. */
export function latchkey<Scope extends string, Rest extends readonly unknown[] = []>(
  lock: Latchkey<Scope>,
  options: FetchOptions<Rest> = {},
): FetchDoor<Scope, Rest> {
  const receive = (request: Request, rest: Rest): Incoming => {
    const address = options.addressOf?.(request, ...rest) ?? '';
    const encrypted = options.encrypted?.(request, ...rest) ?? null;
    return toIncoming(request, { address, encrypted, parsed: null }, options);
  };
  return {
    protect(...given: [Handler<Let, Rest>] | [{ readonly scopes?: readonly Scope[] }, Handler<Let, Rest>]) {
      const [rule, handler] = given.length === 1 ? [undefined, given[0]] : given;
      const guard = lock.protect(rule);
      return async (request, ...rest) => {
        const admitting = guard.admit(receive(request, rest));
        const admission = admitting instanceof Promise ? await admitting : admitting;
        if (admission.kind === 'refused') return toRefusal(admission);
        const serve = (): Response | Promise<Response> => handler(request, toLet(admission), ...rest);
        return answerThrough(admission, { serve, bodiless: request.method === 'HEAD' });
      };
    },
    protectMcp(handler) {
      const guard = lock.protectMcp();
      return async (request, ...rest) => {
        const admission = await guard.admit(receive(request, rest));
        if (admission.kind === 'refused') return toRefusal(admission);
        const judged = toJudged(request, admission);
        return answerThrough(admission, {
          serve: () => handler(judged.request, toLetMcp(admission), ...rest),
          bodiless: false,
          onStopped: judged.stop,
        });
      };
    },
    metadata: () => (request) => toMetadataResponse(lock.metadata, request),
  };
}

function toLet({ principal }: Passage): Let {
  return {
    principal,
    get authInfo() {
      return toAuthInfo(principal);
    },
  };
}

function toLetMcp({ principal, message }: Passage): LetMcp {
  return {
    principal,
    get authInfo() {
      return toAuthInfo(principal);
    },
    get parsedBody() {
      return message === null ? undefined : JSON.parse(new TextDecoder().decode(message.bytes));
    },
  };
}
