import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, MiddlewareHandler, Next } from 'hono';
import type { Principal } from '../core/principal.ts';
import type { WireAnswer } from '../core/wire.ts';
import type { AuthInfo } from '../lock/auth-info.ts';
import { expectLock, expectMost } from '../lock/expect-use.ts';
import type { Incoming } from '../lock/incoming.ts';
import type { Latchkey } from '../lock/latchkey.ts';
import type { Guard, Passage } from '../lock/passage.ts';
import { refuseBegun } from './begun-answer.ts';
import { bindAnswer } from './bind-answer.ts';
import { cutAnswer } from './cut-answer.ts';
import { readDoorOptions, type DoorOptions, type DoorSettings } from './door-options.ts';
import { toMetadataAnswer } from './metadata-answer.ts';
import { framingOf } from './node-incoming.ts';
import { answerThrough, toResponse } from './web-answer.ts';
import { admit, toIncoming } from './web-incoming.ts';
import { authInfoOf, toJudged } from './web-request.ts';

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
  protect(this: void, rule?: { readonly scopes?: readonly Scope[] }): MiddlewareHandler<Behind>;
  /** Lets in messages that the rules allow; whatever is read of the body afterwards is what was judged. */
  protectMcp(this: void): MiddlewareHandler<Behind>;
  /** Answers who asks for the metadata of the resource (RFC 9728); to be used by the app itself, without a path. */
  metadata(this: void): MiddlewareHandler;
}

/** The doors of a lock for Hono 4: `c.get('principal')` and `c.get('auth')` are who was let in. */
export function latchkey<Scope extends string>(lock: Latchkey<Scope>, options: HonoOptions = {}): HonoDoor<Scope> {
  expectLock(lock);
  const settings = readDoorOptions(options, 'addressOf', 'encrypted');
  return {
    protect: (...rule) => toMiddleware(lock.protect(...rule), settings, () => () => {}),
    protectMcp: (...none) => toMiddleware(lock.protectMcp(...none), settings, handOnJudged),
    metadata(...none) {
      expectMost(none, 0, 'metadata');
      return async (c, next) => {
        if (new URL(c.req.url).pathname !== lock.metadata.path) return next();
        answer(c, toMetadataAnswer(lock.metadata, c.req.raw.method));
      };
    },
  };
}

type HonoSettings = HonoOptions & DoorSettings;

/** Gives what was judged to who comes next; what it returns tells that nobody waits any more. */
type HandOn = (c: Context, passage: Passage) => () => void;

function toMiddleware(guard: Guard, options: HonoSettings, handOn: HandOn): MiddlewareHandler<Behind> {
  return async (c, next) => {
    const { incoming, outgoing } = connectionOf(c);
    if (incoming !== undefined && outgoing !== undefined && refuseBegun(guard, incoming, outgoing))
      return sentAlready();
    const admitting = admit(guard, c.req.method, () => see(c, options));
    const admission = admitting instanceof Promise ? await admitting : admitting;
    if (admission.kind === 'refused')
      return outgoing?.headersSent === true ? sentAlready() : answer(c, admission.answer);
    c.set('principal', admission.principal);
    c.set('auth', authInfoOf(c.req.raw, admission.principal, options));
    const going = { next, onStopped: handOn(c, admission) };
    if (incoming === undefined || outgoing === undefined) return enter(c, admission, going);
    return enterOnNode(c, admission, { ...going, incoming, outgoing });
  };
}

interface Going {
  readonly next: Next;
  readonly onStopped: () => void;
}

async function enter(c: Context, passage: Passage, { next, onStopped }: Going): Promise<void> {
  const request = c.req.raw;
  const serve = async (): Promise<Response> => {
    await next();
    return c.res;
  };
  const response = await answerThrough(passage, { request, serve, onStopped });
  if (response !== c.res) replace(c, response);
}

/** Answers for the handler, with the headers that were set before for whatever is answered. */
function answer(c: Context, { status, headers, body }: WireAnswer): void {
  replace(c, c.newResponse(body === '' ? null : body, toResponse(null, status, headers)));
}

/** Hono puts the headers of the response before over those of the one that takes its place. */
function replace(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}

interface GoingOnNode extends Going {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** The connection tells when an answer is over. Handlers may write to it, too, and then tell Hono that it was sent already. */
async function enterOnNode(c: Context, passage: Passage, going: GoingOnNode): Promise<Response | void> {
  const { next, onStopped, incoming, outgoing } = going;
  const bound = bindAnswer(incoming, outgoing, passage);
  if (bound === null) return sentAlready();
  const { taken } = bound;
  outgoing.once('close', () => outgoing.writableFinished || onStopped());
  (incoming as { auth?: AuthInfo }).auth = c.get('auth') as AuthInfo;
  await next();
  if (taken === null || taken.started() || c.res.headers.has(ALREADY_SENT)) return undefined;
  taken.giveBack();
  const destroy = (): void => {
    onStopped();
    // An error in a stream that waits to be read would come behind what is read yet.
    cutAnswer(outgoing);
  };
  return enter(c, passage, { next: async () => {}, onStopped: destroy });
}

// How handlers that wrote to the connection tell @hono/node-server so.
const ALREADY_SENT = 'x-hono-already-sent';

function sentAlready(): Response {
  // It writes Responses of its own kind without a look at their headers; a clone is of the runtime's.
  return new Response(null, { headers: { [ALREADY_SENT]: 'true' } }).clone();
}

/** By whichever of Hono's ways the body is read. */
function handOnJudged(c: Context, passage: Passage): () => void {
  const judged = toJudged(c.req.raw, passage);
  c.req.raw = judged.request;
  c.req.bodyCache = {};
  return judged.stop;
}

function see(c: Context, options: HonoSettings): Incoming {
  const { incoming } = connectionOf(c);
  const address = options.addressOf?.(c) ?? incoming?.socket?.remoteAddress ?? '';
  const encrypted = options.encrypted?.(c) ?? null;
  // What was read before is what would be read again.
  const parsed = Object.keys(c.req.bodyCache).length === 0 ? null : () => c.req.arrayBuffer();
  const rawHeaders = incoming === undefined ? null : framingOf(incoming).rawHeaders;
  const rawTrailers = (): readonly string[] => incoming?.rawTrailers ?? [];
  return toIncoming(c.req.raw, { address, encrypted, rawHeaders, parsed, rawTrailers }, options);
}

/** What @hono/node-server has in its bindings. */
interface Connection {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
}

function connectionOf({ env }: Context): Connection {
  const given = (env ?? {}) as Connection;
  // Elsewhere they may be the names of anything.
  return Array.isArray(given.incoming?.rawHeaders) ? given : NONE;
}

const NONE: Connection = {};
