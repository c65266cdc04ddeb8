import type { Answer } from '../../core/upstream.ts';
import { refuse } from '../../core/reason.ts';
import type { Bounded, Deadlines } from '../deadlines.ts';
import type { Log } from '../../core/log.ts';
import type { Child, ChildHandlers, ChildEnding } from './child.ts';
import type { Launched } from './ears.ts';
import { FewTable } from './few-table.ts';
import { textAt, toCancelled, toIdKey } from './json.ts';
import type { Launcher } from './launcher.ts';
import { flatten } from './lines.ts';
import { NOT_READING, SESSION_ENDED, START_TIMED_OUT, TIMED_OUT, toLoss, type Loss } from './loss.ts';
import type { Posted } from '../posted.ts';
import { createReply, type Reply } from './reply.ts';
import { hearServerLine, type ServerLine } from './server-line.ts';
import type { Session } from './session-table.ts';
import { SideStream } from './side-stream.ts';
import { splice } from './splice.ts';

export interface SessionOptions {
  readonly id: string;
  readonly owner: string;
  readonly callTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly deadlines: Deadlines;
  readonly log: Log;
  /** The session is over, and its id unknown from now on. */
  onEnd(): void;
}

interface Pending extends Bounded {
  readonly reply: Reply;
  readonly key: string;
  readonly tokenKey: string | null;
  readonly initialize: boolean;
  deadline: number;
  expire: () => void;
}

// A cancelled request gets no response (MCP 2025-11-25 cancellation), so its stream ends soon after.
const CANCELLED_MS = 1000;
// Calls whose callers left run on until their time is over.
const MAX_IN_FLIGHT = 1000;
const NEWLINE = 0x0a;
/** What a server says on its own account, whatever is in flight. */
const CHANGE = /\/(?:list_changed|updated)$/;

/** A session of a legacy client: a child of its own, to and from which messages go unchanged. */
export class SessionChild implements Session, ChildHandlers {
  readonly #options: SessionOptions;
  readonly #launcher: Launcher;
  readonly #pending = new FewTable<Pending>();
  readonly #tokens = new FewTable<Pending>();
  #child: Child | null = null;
  readonly #side = new SideStream();
  #usedAt = performance.now();
  #initialized = false;
  #over = false;

  constructor(launcher: Launcher, options: SessionOptions) {
    this.#launcher = launcher;
    this.#options = options;
  }

  /** Starts the child. Until `initialize` is answered with a result, the session is not one. */
  async start(): Promise<Launched<Child>> {
    const launched = await this.#launcher.launch(this, this.#options.owner);
    if (launched.kind === 'ok') this.#child = launched.value;
    else this.#finish();
    if (this.#over) void this.#child?.stop();
    return launched;
  }

  get idleSince(): number | null | undefined {
    if (this.#child === null) return undefined;
    const used = this.#pending.size > 0 || this.#side.isOpen;
    return used ? null : Math.max(this.#usedAt, this.#side.leftAt);
  }

  get underWay(): number {
    return this.#pending.size;
  }

  post(request: Posted, answer: Answer): void {
    const { message } = request;
    this.#usedAt = performance.now();
    const key = message.kind === 'request' ? toIdKey(message.id ?? 'null') : null;
    if (this.#over) return answer.fail(refuse('session-unknown'));
    if (key !== null && this.#pending.get(key) !== undefined) return answer.fail(refuse('id-in-use'));
    if (key !== null && this.#pending.size >= MAX_IN_FLIGHT) return answer.fail(NOT_READING.refusal);
    const line = flatten(splice(message.bytes, [], { before: 0, after: 1 }));
    line[line.length - 1] = NEWLINE;
    if (this.#child?.send(line) !== true) return answer.fail(NOT_READING.refusal);
    if (key === null) {
      if (message.cancels !== null) this.#endSoon(toIdKey(message.cancels));
      answer.start(202, []);
      return answer.end();
    }
    return this.#await(key, request, answer);
  }

  listen(answer: Answer): void {
    if (this.#over) answer.fail(refuse('session-unknown'));
    else this.#side.open(answer);
  }

  end(): Promise<void> {
    const stopped = this.#child?.stop() ?? Promise.resolve();
    this.#finish();
    return stopped;
  }

  onLine(bytes: Buffer): void {
    const line = hearServerLine(bytes, this.#options.log);
    if (line === null) return;
    if (line.method === '') this.#respond(line);
    else this.#route(line);
  }

  onEnd(ending: ChildEnding): void {
    const started = this.#initialized;
    const loss = toLoss(ending);
    if (!started && ending.kind !== 'stopped' && this.#child !== null) this.#launcher.startFailed(this.#child);
    this.#lose(loss);
    this.#finish();
  }

  #await(key: string, request: Posted, answer: Answer): void {
    const { message } = request;
    const initialize = message.method === 'initialize';
    const { callTimeoutMs, startTimeoutMs, deadlines } = this.#options;
    // A caller who disconnects has not cancelled (MCP 2025-11-25 transports): the call runs on, its answer is dropped.
    const pending: Pending = {
      reply: createReply(request, answer),
      key,
      tokenKey:
        message.progressToken === null || initialize ? null : toIdKey(textAt(message.bytes, message.progressToken)),
      initialize,
      slot: -1,
      deadline: performance.now() + (initialize ? startTimeoutMs : callTimeoutMs),
      expire: () => this.#timeOut(pending),
    };
    deadlines.watch(pending);
    // Nobody would know the id of a session whose opener left.
    if (initialize && !this.#initialized) pending.reply.onGone = () => void this.end();
    this.#pending.set(key, pending);
    if (pending.tokenKey !== null) this.#tokens.set(pending.tokenKey, pending);
  }

  #respond(line: ServerLine): void {
    const pending = line.id === null ? undefined : this.#take(toIdKey(textAt(line.bytes, line.id)));
    if (pending === undefined) return;
    const opened = pending.initialize && !this.#initialized && this.#open(line);
    pending.reply.finish(line.bytes, 200, opened ? ['mcp-session-id', this.#options.id] : []);
  }

  #open(line: ServerLine): boolean {
    this.#initialized = line.result !== null;
    if (this.#initialized) this.#launcher.confirm();
    else setImmediate(() => void this.end());
    return this.#initialized;
  }

  /** To whom something goes that is not a response: by its token, else to whoever most likely caused it. */
  #route(line: ServerLine): void {
    const token =
      line.method === 'notifications/progress' && line.progressToken !== null
        ? toIdKey(textAt(line.bytes, line.progressToken))
        : null;
    if (token !== null) return this.#tokens.get(token)?.reply.event(line.bytes);
    if (CHANGE.test(line.method)) return this.#side.send(line.bytes);
    const open = this.#pending.toArray().filter((pending) => !pending.initialize && !pending.reply.done);
    const likely = open.length === 1 || !this.#side.isOpen ? open[0] : undefined;
    if (likely === undefined) this.#side.send(line.bytes);
    else likely.reply.event(line.bytes);
    return undefined;
  }

  #endSoon(key: string): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    pending.deadline = performance.now() + CANCELLED_MS;
    pending.expire = () => this.#take(key)?.reply.close();
  }

  #timeOut(pending: Pending): void {
    this.#take(pending.key);
    const loss = pending.initialize ? START_TIMED_OUT : TIMED_OUT;
    pending.reply.fail(loss.refusal, loss.text);
    if (!pending.initialize) this.#child?.send(toCancelled(pending.reply.id, 'timed out'));
    else if (!this.#initialized) void this.end();
  }

  #take(key: string): Pending | undefined {
    const pending = this.#pending.take(key);
    if (pending === undefined) return undefined;
    if (pending.tokenKey !== null && this.#tokens.get(pending.tokenKey) === pending)
      this.#tokens.take(pending.tokenKey);
    this.#options.deadlines.forget(pending);
    this.#usedAt = performance.now();
    return pending;
  }

  #lose({ refusal, text }: Loss): void {
    for (const { key } of this.#pending.toArray()) this.#take(key)?.reply.fail(refusal, text);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#lose(SESSION_ENDED);
    this.#side.close();
    this.#options.onEnd();
  }
}
