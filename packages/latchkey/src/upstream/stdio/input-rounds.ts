import { randomBytes } from 'node:crypto';
import type { Answer } from '../../core/upstream.ts';
import type { Message } from '../../core/message.ts';
import { ownerOf } from '../../core/principal.ts';
import { refuse } from '../../core/reason.ts';
import type { Log } from '../../core/log.ts';
import type { Launched } from './ears.ts';
import { ExclusiveChild } from './exclusive-child.ts';
import { isRecord, valueAt } from './json.ts';
import type { Launcher } from './launcher.ts';
import type { Listeners } from './listeners.ts';
import { BUSY, CROWDED, exited, TIMED_OUT } from './loss.ts';
import { hidesProgressToken } from './modern-call.ts';
import type { Posted } from '../posted.ts';
import { createReply, type Reply } from './reply.ts';
import { ASKING } from './round.ts';
import { toBuffer } from '../to-buffer.ts';

/** Client capabilities that a legacy server uses by asking back in the middle of a call. */
const INPUT_CAPABILITIES: readonly string[] = ['elicitation', 'sampling', 'roots'];
const MAX_CAPABILITY_BYTES = 4096;
const MAX_PER_KEY = 4;
const MAX_QUEUED = 32;
const IDLE_MS = 60_000;

export interface RoundsOptions {
  readonly launcher: Launcher;
  readonly callTimeoutMs: number;
  readonly log: Log;
  /** Changes, for who listens to them. */
  readonly listeners: Pick<Listeners, 'notify' | 'urisOf'>;
  /** Serves a request with the child that all share. */
  share(request: Posted, answer: Answer): void;
}

interface Pool {
  /** Those that are being started too. */
  readonly children: Set<ExclusiveChild>;
  readonly queue: (() => void)[];
  /** Calls that want a child and have none yet. */
  wanting: number;
}

export function wantsInput(message: Message): boolean {
  const range = message.clientCapabilities;
  if (range === null || range.end - range.start < '{"roots":{}}'.length) return false;
  const declared = valueAt(message.bytes, range);
  return isRecord(declared) && INPUT_CAPABILITIES.some((name) => isRecord(declared[name]));
}

/**
 * Calls of modern clients that a legacy server may ask back in (MCP 2026-07-28 MRTR). Each has a child to itself while
 * it runs, so whatever that child asks belongs to that call; a child serves one principal with one set of capabilities.
 */
export class InputRounds {
  readonly #options: RoundsOptions;
  readonly #pools = new Map<string, Pool>();
  // Unguessable, used once, and of use to nobody but the principal they were given to.
  readonly #states = new Map<string, ExclusiveChild>();

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  forward(request: Posted, answer: Answer): void {
    const { message } = request;
    const capabilities = pickCapabilities(message);
    if (capabilities === null || hidesProgressToken(message))
      return answer.fail(refuse('params-invalid', { detail: 'client capabilities or progress token' }));
    const params = toBuffer(message.bytes).includes('"requestState"')
      ? valueAt(message.bytes, message.params)
      : undefined;
    if (isRecord(params) && params['requestState'] !== undefined) return this.#resume(params, request, answer);
    if (!ASKING.has(message.method)) return void this.#serve(request, capabilities, answer);
    return void this.#begin(request, capabilities, createReply(request, answer));
  }

  close(): void {
    this.#states.clear();
    for (const { children, queue } of this.#pools.values()) {
      for (const child of children) void child.stop();
      for (const resume of queue.splice(0)) resume();
    }
  }

  async #begin(request: Posted, capabilities: string, reply: Reply): Promise<void> {
    const acquired = await this.#acquire(ownerOf(request.principal), capabilities, reply);
    if (acquired.kind === 'lost') reply.fail(acquired.loss.refusal, acquired.loss.text);
    else if (reply.done) acquired.value.giveBack();
    else acquired.value.call(request, reply);
  }

  /** What asks for no input waits behind no call: the shared child serves it where no other can at once. */
  async #serve(request: Posted, capabilities: string, answer: Answer): Promise<void> {
    const acquired = await this.#acquire(ownerOf(request.principal), capabilities, null);
    if (acquired.kind === 'lost') this.#options.share(request, answer);
    else if (answer.aborted) acquired.value.giveBack();
    else acquired.value.call(request, createReply(request, answer));
  }

  #resume(params: Record<string, unknown>, request: Posted, answer: Answer): void {
    const state = params['requestState'];
    const child = typeof state === 'string' ? this.#states.get(state) : undefined;
    if (typeof state !== 'string' || child === undefined || !child.accepts(request, params))
      return answer.fail(refuse('params-invalid', { detail: 'requestState is unknown, used, or of another call' }));
    this.#states.delete(state);
    const responses = isRecord(params['inputResponses']) ? params['inputResponses'] : {};
    return child.resume(responses, request.message, createReply(request, answer));
  }

  /** A child that is idle or new, or the next that is free; `reply` null: waits for none. */
  async #acquire(owner: string, capabilities: string, reply: Reply | null): Promise<Launched<ExclusiveChild>> {
    const key = poolKey(owner, capabilities);
    const pool = this.#pools.get(key) ?? { children: new Set(), queue: [], wanting: 0 };
    this.#pools.set(key, pool);
    pool.wanting += 1;
    const acquired = await this.#find(pool, reply, () => this.#start(owner, pool, capabilities));
    pool.wanting -= 1;
    this.#forgetIfEmpty(key, pool);
    return acquired;
  }

  async #find(
    pool: Pool,
    reply: Reply | null,
    start: () => Promise<Launched<ExclusiveChild>>,
  ): Promise<Launched<ExclusiveChild>> {
    const until = performance.now() + this.#options.callTimeoutMs;
    for (;;) {
      const idle = [...pool.children].find((child) => child.idle);
      if (idle !== undefined) {
        idle.take();
        return { kind: 'ok', value: idle };
      }
      if (pool.children.size < MAX_PER_KEY) return start();
      if (reply === null || pool.queue.length >= MAX_QUEUED) return { kind: 'lost', loss: BUSY };
      if (performance.now() >= until) return { kind: 'lost', loss: TIMED_OUT };
      await waitIn(pool.queue, until - performance.now());
      if (reply.done) {
        pool.queue.shift()?.();
        return { kind: 'lost', loss: CROWDED };
      }
    }
  }

  async #start(owner: string, pool: Pool, capabilities: string): Promise<Launched<ExclusiveChild>> {
    const { launcher, callTimeoutMs, log, listeners } = this.#options;
    const drop = (): void => {
      pool.children.delete(child);
      this.#forgetIfEmpty(poolKey(owner, capabilities), pool);
      pool.queue.shift()?.();
    };
    const child = new ExclusiveChild({
      callTimeoutMs,
      idleMs: IDLE_MS,
      log,
      declared: new Set(Object.keys(JSON.parse(capabilities) as object)),
      park: () => this.#park(child),
      unpark: (state) => void this.#states.delete(state),
      watched: () => listeners.urisOf(owner),
      onChange: (line) => listeners.notify(line, owner),
      onFree: () => pool.queue.shift()?.(),
      onEnd: drop,
    });
    pool.children.add(child);
    const launched = await launcher.launchReady(child, capabilities, owner);
    if (launched.kind === 'lost') {
      drop();
      return launched;
    }
    child.begin(launched.value.child, launched.value.greeting);
    await child.settle();
    if (!launched.value.child.alive) return { kind: 'lost', loss: exited('ended while starting') };
    return { kind: 'ok', value: child };
  }

  // Capabilities are the caller's own words: every call may bring others.
  #forgetIfEmpty(key: string, pool: Pool): void {
    if (pool.children.size === 0 && pool.wanting === 0) this.#pools.delete(key);
  }

  /** Ends one idle child of anybody; false where there is none. */
  async makeRoom(): Promise<boolean> {
    for (const { children } of this.#pools.values()) {
      const idle = [...children].find((child) => child.idle);
      if (idle === undefined) continue;
      await idle.stop();
      return true;
    }
    return false;
  }

  #park(child: ExclusiveChild): string {
    const state = randomBytes(24).toString('base64url');
    this.#states.set(state, child);
    return state;
  }
}

function poolKey(owner: string, capabilities: string): string {
  return `${owner}\n${capabilities}`;
}

function waitIn(queue: (() => void)[], atMostMs: number): Promise<void> {
  return new Promise((resolve) => {
    const resume = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      queue.splice(queue.indexOf(resume), 1);
      resolve();
    }, atMostMs);
    queue.push(resume);
  });
}

/** The capabilities to initialize a child with, in one order, so that equal sets share a pool. */
function pickCapabilities(message: Message): string | null {
  const range = message.clientCapabilities;
  if (range === null || range.end - range.start > MAX_CAPABILITY_BYTES) return null;
  const declared = valueAt(message.bytes, range);
  if (!isRecord(declared)) return null;
  return JSON.stringify(
    Object.fromEntries(
      INPUT_CAPABILITIES.filter((name) => isRecord(declared[name])).map((name) => [name, declared[name]]),
    ),
  );
}
