import type { Context, MiddlewareHandler, Next } from 'hono';
import type { Principal } from '../core/principal.ts';
import type { AuthInfo } from '../lock/auth-info.ts';
import type { Incoming } from '../lock/incoming.ts';
import type { Latchkey } from '../lock/latchkey.ts';
import type { Guard, Passage } from '../lock/passage.ts';
import type { DoorOptions } from './door-options.ts';
import { toMetadataAnswer } from './metadata-answer.ts';
import { answerThrough } from './web-answer.ts';
import { toIncoming } from './web-incoming.ts';
import { authInfoOf, respond, toJudged } from './web-request.ts';

/** What handlers behind the lock have in `c.get`: `new Hono<{ Variables: LatchkeyVariables }>()`. */
export interface LatchkeyVariables {
  principal: Principal;
  /** What handlers of the MCP SDK take as `authInfo`. */
  auth: AuthInfo;
}

type Behind = { Variables: LatchkeyVariables };

/** What Hono does not tell of a caller. */
export interface HonoOptions extends DoorOptions {
  /**
   * The caller's IP address. Default: that of the connection where @hono/node-server tells it; else not known, so limits of
   * addresses do not hold.
   */
  readonly addressOf?: (c: Context) => string;
  /** Whether the caller's connection was encrypted. Default: as the scheme of the URL says. */
  readonly encrypted?: (c: Context) => boolean;
}

/** Middleware of one lock. */
export interface HonoDoor<Scope extends string> {
  /** Lets in who holds all the scopes of the rule; without any, whoever has a valid credential. */
  protect(rule?: { readonly scopes?: readonly Scope[] }): MiddlewareHandler<Behind>;
  /** Lets in messages that the rules allow; whatever is read of the body afterwards is what was judged. */
  protectMcp(): MiddlewareHandler<Behind>;
  /** Answers who asks for the metadata of the resource (RFC 9728); to be used by the app itself, without a path. */
  metadata(): MiddlewareHandler;
}

/** The doors of a lock for Hono 4: `c.get('principal')` and `c.get('auth')` are who was let in. */
export function latchkey<Scope extends string>(lock: Latchkey<Scope>, options: HonoOptions = {}): HonoDoor<Scope> {
  return {
    protect: (rule) => toMiddleware(lock.protect(rule), options, () => undefined),
    protectMcp: () => toMiddleware(lock.protectMcp(), options, handOnJudged),
    metadata: () => async (c, next) => {
      if (new URL(c.req.url).pathname !== lock.metadata.path) return next();
      return respond(toMetadataAnswer(lock.metadata, c.req.raw.method));
    },
  };
}

/** Gives what was judged to who comes next; what it returns tells that nobody waits any more. */
type HandOn = (c: Context, passage: Passage) => (() => void) | undefined;

function toMiddleware(guard: Guard, options: HonoOptions, handOn: HandOn): MiddlewareHandler<Behind> {
  return async (c, next) => {
    const admitting = guard.admit(see(c, options));
    const admission = admitting instanceof Promise ? await admitting : admitting;
    if (admission.kind === 'refused') return respond(admission.answer);
    c.set('principal', admission.principal);
    c.set('auth', authInfoOf(c.req.raw, admission.principal, options));
    const stop = handOn(c, admission);
    const { outgoing } = connectionOf(c);
    if (outgoing?.destroy === undefined) return enter(c, admission, { next, onStopped: () => stop?.() });
    if (admission.whole) return enterWatched(c, admission, { next, onStopped: () => stop?.(), outgoing });
    const onStopped = (): void => {
      stop?.();
      // An error in a stream that waits to be read would come behind what is read yet.
      outgoing.destroy();
    };
    return enter(c, admission, { next, onStopped });
  };
}

interface Going {
  readonly next: Next;
  readonly onStopped: () => void;
}

async function enter(c: Context, passage: Passage, { next, onStopped }: Going): Promise<void> {
  const bodiless = c.req.raw.method === 'HEAD';
  const serve = async (): Promise<Response> => {
    await next();
    return c.res;
  };
  const response = await answerThrough(passage, { serve, bodiless, onStopped });
  if (response === c.res) return;
  // Hono puts the headers of the response before over those of the one that takes its place.
  c.res = undefined;
  c.res = response;
}

/** The connection tells when an answer is over, so one that hides nothing is left alone. */
async function enterWatched(
  c: Context,
  passage: Passage,
  { next, onStopped, outgoing }: Going & { readonly outgoing: Outgoing },
): Promise<Response | void> {
  const finish = (): void => passage.finish(outgoing.headersSent ? outgoing.statusCode : 0);
  if (outgoing.closed) {
    finish();
    return new Response(null, { status: 400 });
  }
  passage.onEnded(() => {
    onStopped();
    outgoing.destroy();
  });
  outgoing.once('close', finish);
  await next();
  const { headers } = passage;
  for (let i = 0; i < headers.length; i += 2) c.header(headers[i] as string, headers[i + 1], { append: true });
  return undefined;
}

/** By whichever of Hono's ways the body is read. */
function handOnJudged(c: Context, passage: Passage): () => void {
  const judged = toJudged(c.req.raw, passage);
  c.req.raw = judged.request;
  c.req.bodyCache = {};
  return judged.stop;
}

function see(c: Context, options: HonoOptions): Incoming {
  const { incoming } = connectionOf(c);
  const address = options.addressOf?.(c) ?? incoming?.socket?.remoteAddress ?? '';
  const encrypted = options.encrypted?.(c) ?? null;
  // What was read before is what would be read again.
  const parsed = Object.keys(c.req.bodyCache).length === 0 ? null : () => c.req.arrayBuffer();
  // In HTTP/2 there are others in their place.
  const rawHeaders = incoming?.httpVersionMajor === 1 ? (incoming.rawHeaders ?? null) : null;
  return toIncoming(c.req.raw, { address, encrypted, rawHeaders, parsed }, options);
}

/** What @hono/node-server has in its bindings, over HTTP/1.1. */
interface Connection {
  readonly incoming?: {
    readonly httpVersionMajor?: number;
    readonly rawHeaders?: readonly string[];
    readonly socket?: { readonly remoteAddress?: string };
  };
  readonly outgoing?: Outgoing;
}

interface Outgoing {
  readonly closed: boolean;
  readonly headersSent: boolean;
  readonly statusCode: number;
  once(event: 'close', listener: () => void): unknown;
  destroy(): void;
}

function connectionOf({ env }: Context): Connection {
  return (env ?? {}) as Connection;
}
