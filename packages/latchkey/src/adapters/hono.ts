import type { Context, MiddlewareHandler } from 'hono';
import type { Principal } from '../core/principal.ts';
import { toAuthInfo, type AuthInfo } from '../lock/auth-info.ts';
import type { Incoming } from '../lock/incoming.ts';
import type { Latchkey } from '../lock/latchkey.ts';
import type { Guard, Passage } from '../lock/passage.ts';
import type { DoorOptions } from './door-options.ts';
import { answerThrough } from './web-answer.ts';
import { toIncoming } from './web-incoming.ts';
import { toMetadataResponse } from './web-metadata.ts';
import { toJudged, toRefusal } from './web-request.ts';

/** What handlers behind the lock get from `c.get`: `new Hono<{ Variables: LatchkeyVariables }>()`. */
export interface LatchkeyVariables {
  principal: Principal;
  auth: AuthInfo;
}

interface Behind {
  Variables: LatchkeyVariables;
}

export interface HonoOptions extends DoorOptions {
  /** The caller's IP address. Default: that of the connection on @hono/node-server; elsewhere not known, so limits of addresses do not hold. */
  readonly addressOf?: (c: Context) => string;
  /** Whether the caller's connection was encrypted. Default: as the scheme of the URL says. */
  readonly encrypted?: (c: Context) => boolean;
}

export interface HonoDoor<Scope extends string> {
  /** For one route; without scopes any valid credential will do. */
  protect(rule?: { readonly scopes?: readonly Scope[] }): MiddlewareHandler<Behind>;
  /** For the MCP endpoint. Whatever the handler behind reads of the body is what was judged. */
  protectMcp(): MiddlewareHandler<Behind>;
  /** Answers where the metadata of the resource (RFC 9728) is asked for, and leaves the rest to who comes next. */
  metadata(): MiddlewareHandler;
}

/** The lock as middleware of Hono 4. */
export function latchkey<Scope extends string>(lock: Latchkey<Scope>, options: HonoOptions = {}): HonoDoor<Scope> {
  return {
    protect: (rule) => guardWith(lock.protect(rule), options, null),
    protectMcp: () => guardWith(lock.protectMcp(), options, handOn),
    metadata: () => async (c, next) => toMetadataResponse(lock.metadata, c.req.raw) ?? next(),
  };
}

type HandOn = (c: Context, passage: Passage) => () => void;

function guardWith(guard: Guard, options: HonoOptions, handing: HandOn | null): MiddlewareHandler<Behind> {
  return async (c, next) => {
    const admitting = guard.admit(receive(c, options));
    const admission = admitting instanceof Promise ? await admitting : admitting;
    if (admission.kind === 'refused') return toRefusal(admission);
    const { principal } = admission;
    c.set('principal', principal);
    c.set('auth', toAuthInfo(principal));
    const bodiless = c.req.raw.method === 'HEAD';
    const onStopped = handing?.(c, admission);
    const serve = async (): Promise<Response> => {
      await next();
      return c.res;
    };
    const response = await answerThrough(admission, {
      serve,
      bodiless,
      ...(onStopped === undefined ? {} : { onStopped }),
    });
    if (response !== c.res) {
      // Hono puts the headers of the response before over those of the one that takes its place.
      c.res = undefined;
      c.res = response;
    }
    return undefined;
  };
}

/** The handler behind reads what was judged, by whichever of Hono's ways. */
function handOn(c: Context, passage: Passage): () => void {
  const judged = toJudged(c.req.raw, passage);
  c.req.raw = judged.request;
  c.req.bodyCache = {};
  return judged.stop;
}

function receive(c: Context, options: HonoOptions): Incoming {
  const address = (options.addressOf ?? connectedAddress)(c);
  const encrypted = options.encrypted?.(c) ?? null;
  // What was read before is what the handler behind would read again.
  const parsed = Object.keys(c.req.bodyCache).length === 0 ? null : () => c.req.arrayBuffer();
  return toIncoming(c.req.raw, { address, encrypted, parsed }, options);
}

/** As @hono/node-server tells it. */
function connectedAddress({ env }: Context): string {
  const { incoming } = (env ?? {}) as { readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress ?? '';
}
