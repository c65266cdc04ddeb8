import type { Message } from '../core/message.ts';
import type { Policy } from '../core/policy.ts';
import type { Principal } from '../core/principal.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Protocol } from '../core/revision.ts';
import type { Awaitable } from '../core/store.ts';
import type { Trail } from '../core/trail.ts';
import type { Answer } from '../core/upstream.ts';
import type { ToMcpLine, WireAnswer } from '../core/wire.ts';
import { createAnswersUnderWay, type AnswersUnderWay, type AnswerUnderWay, type EndOf } from './answers-under-way.ts';
import type { Asking } from './asking.ts';
import { createLockState, type LockLimits, type LockOptions, type LockState } from './lock-state.ts';
import type { Incoming } from './incoming.ts';
import { isLoopback, plainAddress } from './network.ts';
import type { Admission, Guard, Passage, Refused } from './passage.ts';
import { recordLasting } from './record-lasting.ts';
import { carriesCredential, readHeaders } from './request-headers.ts';
import { toRefusalWire } from './refusal-wire.ts';
import { nextRequestId } from './request-id.ts';
import type { TellError } from './tell-error.ts';
import { toTrailEntry } from './trail-entry.ts';

/** What a lock is made of. Times in milliseconds, sizes in bytes; all of it checked before. */
export interface LockParts extends LockOptions {
  /** Name of what is protected: credentials may be bound to it, and the trail has it. */
  readonly server: string;
  /** Canonical URL of the resource (RFC 8707 §2). */
  readonly resource: URL;
  /** Absolute URL of its metadata (RFC 9728 §3), for challenges. */
  readonly resourceMetadata: string;
  readonly limits: LockLimits & {
    readonly bodyBytes: number;
    readonly listBytes: number;
    readonly sessions: number;
    readonly streams: number;
  };
  /** Host header values that an MCP endpoint answers for, in lower case. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of web pages that may call an MCP endpoint. */
  readonly origins: ReadonlySet<string>;
  readonly protocol: Protocol;
  /** Null where nothing is written down. */
  readonly trail: Trail | null;
  /** `Store.version` of the store that stored credentials are in; NaN without one. */
  readonly version: () => Awaitable<number>;
  readonly endOf: EndOf;
  readonly now: () => number;
  /** Told of what a guard could not handle; the request was refused. */
  readonly onError: TellError;
}

/** What the guards of one lock share. */
export interface Lock {
  readonly parts: LockParts;
  readonly state: LockState;
  readonly open: AnswersUnderWay<OpenPassage>;
  /** The rules in force; a guard reads them anew for each request. */
  policy: Policy;
  /** From then on nobody is let in. */
  closed: boolean;
}

export function createLock(parts: LockParts, policy: Policy): Lock {
  const { version, endOf, onError } = parts;
  return {
    parts,
    state: createLockState(parts),
    open: createAnswersUnderWay({
      version,
      endOf,
      now: () => readTime(parts, Infinity, onError),
      visit({ asking }, at) {
        if (at !== Infinity) recordLasting(asking, at, (lasting) => record(parts, lasting, 'allow', 0));
      },
      cut: (passage) => cutPassage(passage, onError),
    }),
    policy,
    closed: false,
  };
}

/** An answer of the protected program, and how to cut it, once that is known. */
interface OpenPassage extends AnswerUnderWay {
  readonly asking: Asking;
  readonly cut: (() => void) | null;
}

function cutPassage(passage: OpenPassage, onError: LockParts['onError']): void {
  try {
    passage.cut?.();
  } catch (error) {
    onError(error);
  }
}

/** What tells one guard from another. */
export interface GuardKind {
  /** `toMcpLine` where its callers speak MCP: then refusals are JSON-RPC errors. Else null. */
  readonly mcp: ToMcpLine | null;
  /** What the request says before anybody asks who it is from. */
  check(asking: Asking, incoming: Incoming): Refusal | null;
  /** Everything else it asks of a request, in order; null lets it in. */
  judge(asking: Asking, incoming: Incoming): Awaitable<Refusal | null>;
  /** The answer to a request that is let in, where the server must have no part in it; else null. */
  reply?(asking: Asking): WireAnswer | null;
  /** What of its answer the caller may see. */
  show(asking: Asking): Pick<Passage, 'whole' | 'show'>;
}

/** A guard that judges as its kind does, writes every decision down, and lets nothing in where judging fails. */
export function createGuard(lock: Lock, kind: GuardKind): Guard {
  const { parts } = lock;
  const conclude = (asking: Asking, refusal: Refusal | null): Admission =>
    refusal === null ? letIn(lock, kind, asking) : turnAway(lock, kind, asking, refusal);
  const fail = (asking: Asking, error: unknown): Refused => {
    parts.onError(error);
    return turnAway(lock, kind, asking, refuse('internal'));
  };
  return {
    admit(incoming) {
      let known: Asking | null = null;
      try {
        const asking = (known = createAsking(parts, incoming));
        const early = kind.check(asking, incoming) ?? checkOpen(lock);
        if (early !== null) return turnAway(lock, kind, asking, early);
        const judged = kind.judge(asking, incoming);
        return judged instanceof Promise
          ? judged.then((refusal) => conclude(asking, refusal)).catch((error: unknown) => fail(asking, error))
          : conclude(asking, judged);
      } catch (error) {
        return fail(known ?? createUndescribed(parts, incoming.method), error);
      }
    },
    fail: (httpMethod, error) => fail(createUndescribed(parts, httpMethod), error),
  };
}

// What cannot be written down does not happen.
function checkOpen({ closed, parts: { trail } }: Lock): Refusal | null {
  if (closed) return refuse('shutting-down', { retryAfterSeconds: 5 });
  return trail?.healthy === false ? refuse('trail-unavailable', { retryAfterSeconds: 1 }) : null;
}

function letIn(lock: Lock, kind: GuardKind, asking: Asking): Admission {
  const answer = kind.reply?.(asking) ?? null;
  if (answer === null) return pass(lock, kind, asking);
  record(lock.parts, asking, 'allow', answer.status);
  return { kind: 'refused', answer };
}

function pass(lock: Lock, kind: GuardKind, asking: Asking): Passage {
  if (asking.principal === null) throw new TypeError('no principal');
  const passage = new OpenAnswer(lock, kind, asking, asking.principal);
  lock.open.add(passage);
  return passage;
}

/** One object for each request: with functions of its own for each it would be several times as much garbage. */
class OpenAnswer implements Passage, OpenPassage {
  readonly kind = 'passed';
  readonly principal: Principal;
  readonly asking: Asking;
  cut: (() => void) | null = null;
  slot = -1;
  endsAt: number | null = null;
  heldAgainst = Number.NaN;
  readonly #lock: Lock;
  readonly #guard: GuardKind;
  readonly #shown: ReturnType<GuardKind['show']>;
  #over = false;

  constructor(lock: Lock, guard: GuardKind, asking: Asking, principal: Principal) {
    this.principal = principal;
    this.asking = asking;
    this.#lock = lock;
    this.#guard = guard;
    this.#shown = guard.show(asking);
  }

  get message(): Message | null {
    return this.asking.message;
  }

  get headers(): readonly string[] {
    const { proofNonce } = this.asking;
    return proofNonce === null ? NO_HEADERS : ['dpop-nonce', proofNonce];
  }

  get whole(): boolean {
    return this.#shown.whole;
  }

  show(to: Answer): Answer {
    return this.#shown.show(to);
  }

  refuse(refusal: Refusal): WireAnswer {
    this.asking.outcome ??= refusal;
    return toAnswer(this.#lock, this.#guard, this.asking, refusal);
  }

  onEnded(cut: () => void): void {
    this.cut = cut;
  }

  finish(status: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#lock.open.remove(this);
    record(this.#lock.parts, this.asking, 'allow', status);
  }
}

function turnAway(lock: Lock, kind: GuardKind, asking: Asking, refusal: Refusal): Refused {
  asking.outcome = refusal;
  const answer = toAnswer(lock, kind, asking, refusal);
  record(lock.parts, asking, 'deny', answer.status);
  return { kind: 'refused', answer };
}

function toAnswer({ parts }: Lock, { mcp }: GuardKind, asking: Asking, refusal: Refusal): WireAnswer {
  return toRefusalWire(parts, asking, refusal, {
    resourceMetadata: parts.resourceMetadata,
    plain: mcp === null,
    mcp,
    proofs: true,
  });
}

/** Writes down what was decided. A trail that fails at that changes nothing: it says itself when it is not healthy. */
export function record(parts: LockParts, asking: Asking, decision: 'allow' | 'deny', status: number): void {
  const { trail, server, onError } = parts;
  try {
    const now = readTime(parts, asking.startedAt);
    trail?.record(toTrailEntry(asking, { outcome: asking.outcome, decision, server, status, now }));
  } catch (error) {
    onError(error);
  }
}

// What was decided is written down also where nothing tells how long it took.
function readTime({ now }: LockParts, otherwise: number, onError?: TellError): number {
  try {
    return now();
  } catch (error) {
    onError?.(error);
    return otherwise;
  }
}

const NO_HEADERS: readonly string[] = [];

/** A request of which only its method can be told. */
export function createUndescribed(parts: LockParts, method: string): Asking {
  const startedAt = readTime(parts, Date.now());
  return createAsking(parts, { method, address: '', encrypted: true, rawHeaders: [] }, startedAt);
}

export function createAsking(
  parts: LockParts,
  incoming: Pick<Incoming, 'method' | 'address' | 'encrypted' | 'rawHeaders'>,
  startedAt = parts.now(),
): Asking {
  const address = plainAddress(incoming.address);
  const headers = readHeaders(incoming.rawHeaders);
  // What does not tell its address does not tell whether it is on this machine either.
  const clear = incoming.encrypted !== true && (parts.encryptedOnly || !(address === '' || isLoopback(address)));
  return {
    requestId: nextRequestId(),
    startedAt,
    httpMethod: incoming.method,
    address,
    clear,
    headers,
    principal: null,
    caller: null,
    proofNonce: null,
    failuresExceeded: 0,
    message: null,
    era: 'legacy',
    rule: null,
    stream: false,
    opening: false,
    outcome: null,
    exposed: clear && carriesCredential(headers),
    phase: null,
  };
}
