import type { Bounded, Deadlines } from '../deadlines.ts';
import type { Log } from '../../core/log.ts';
import type { Child, ChildHandlers } from './child.ts';
import { createBackoff } from './backoff.ts';
import { CallTable, type Numbered } from './call-table.ts';
import type { Launched } from './ears.ts';
import { countAt, toCancelled, toError, toRequest, toResult, textAt } from './json.ts';
import type { Greeting, Launcher } from './launcher.ts';
import { exited, NOT_READING, TIMED_OUT, WITHDRAWN, toLoss, type Loss } from './loss.ts';
import { hearServerLine, type ServerLine } from './server-line.ts';

/** One request in flight on a child that many callers share. Exactly one of `onResponse` and `onLost` ends it. */
export interface Call {
  onResponse(line: ServerLine): void;
  onLost(loss: Loss): void;
  /** A notification that names this call: progress, or a change on its subscription. */
  onNotification?(line: ServerLine): void;
}

export interface Sharing {
  readonly launcher: Launcher;
  readonly callTimeoutMs: number;
  readonly deadlines: Deadlines;
  readonly log: Log;
  /** A notification of the server that names no call. */
  onUnaddressed(line: ServerLine): void;
  onStart(greeting: Greeting): void;
  onLost(loss: Loss): void;
}

interface Entry extends Bounded, Numbered {
  readonly call: Call;
  /** A subscription, which has no end of its own. */
  readonly lasting: boolean;
}

const MAX_IN_FLIGHT = 10_000;
/** Calls under way of one legacy session: callers who left do not end theirs, and all sessions together share the child's. */
export const MAX_OF_SESSION = 100;
/** Calls under way in all sessions of one caller, where the child is crowded. */
export const MAX_OF_OWNER = 1000;
const MAX_WAITING = 1000;

/** The child of all callers who need no child of their own: ids are its own count, so no two callers can meet. */
export class SharedChild implements ChildHandlers {
  readonly #sharing: Sharing;
  readonly #backoff = createBackoff();
  readonly #calls = new CallTable<Entry>();
  #lastId = 0;
  #child: Child | null = null;
  #greeting: Greeting | null = null;
  #starting: Promise<Launched<Greeting>> | null = null;
  #waiting = 0;
  #closed = false;

  constructor(sharing: Sharing) {
    this.#sharing = sharing;
  }

  /** What the child said of itself while it is there to be called, else null. */
  get ready(): Greeting | null {
    return this.#greeting;
  }

  /** Whether half of the calls are under way that may be: from then on each caller's are counted. */
  get crowded(): boolean {
    return this.#calls.size >= MAX_IN_FLIGHT / 2;
  }

  /** Starts the child if it is not there. In the back-off after a death it says so at once. */
  async start(): Promise<Launched<Greeting>> {
    if (this.#greeting !== null) return { kind: 'ok', value: this.#greeting };
    if (this.#closed) return { kind: 'lost', loss: toLoss({ kind: 'stopped' }) };
    const waitMs = this.#backoff.waitMs();
    if (waitMs > 0) return { kind: 'lost', loss: exited('waits before the next start', waitMs) };
    if (this.#waiting >= MAX_WAITING) return { kind: 'lost', loss: NOT_READING };
    this.#waiting += 1;
    try {
      this.#starting ??= this.#launch();
      return await this.#starting;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** A number for the next call; it serves as id and progress token. */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Sends a whole line whose id is `id`. `lasting` calls (subscriptions) have no time-out. */
  open(id: number, line: Buffer, call: Call, lasting = false): void {
    const child = this.#child;
    if (child === null) return call.onLost(exited('ended before the call'));
    if (this.#calls.size >= MAX_IN_FLIGHT || !child.sendSoon(line)) return call.onLost(NOT_READING);
    const deadline = performance.now() + this.#sharing.callTimeoutMs;
    const entry: Entry = { id, call, lasting, slot: -1, next: null, deadline, expire: () => this.#timeOut(id) };
    if (!lasting) this.#sharing.deadlines.watch(entry);
    this.#calls.add(entry);
  }

  /** Forgets a call and tells the child; whatever it still says about it is dropped. */
  cancel(id: number, why: string): void {
    if (this.#take(id) !== null) this.#child?.send(toCancelled(id, why));
  }

  /** A call of the gateway itself. */
  request(method: string, params: string): Promise<Launched<ServerLine>> {
    const id = this.nextId();
    return new Promise((resolve) => {
      this.open(id, toRequest(id, method, params), {
        onResponse: (value) => resolve({ kind: 'ok', value }),
        onLost: (loss) => resolve({ kind: 'lost', loss }),
      });
    });
  }

  /** Starts nothing from now on; the launcher ends the child. */
  close(): void {
    this.#closed = true;
  }

  onLine(bytes: Buffer): void {
    const line = hearServerLine(bytes, this.#sharing.log);
    if (line === null) return;
    if (line.method === '') this.#take(countAt(bytes, line.id))?.onResponse(line);
    else if (line.id !== null) this.#refuse(line);
    else this.#notify(line);
  }

  onEnd(ending: Parameters<ChildHandlers['onEnd']>[0]): void {
    const child = this.#child;
    this.#child = null;
    this.#greeting = null;
    if (ending.kind !== 'stopped' && child !== null) {
      this.#backoff.failed(performance.now() - child.startedAt);
      const waitMs = this.#backoff.waitMs();
      this.#sharing.log('warn', 'The server ended; it is started again', {
        reason: toLoss(ending).refusal.detail,
        inMs: Math.round(waitMs),
      });
      setTimeout(() => void this.start(), waitMs).unref();
    }
    const loss = toLoss(ending);
    this.#sharing.onLost(loss);
    for (const { id } of this.#calls.toArray()) this.#take(id)?.onLost(loss);
  }

  async #launch(): Promise<Launched<Greeting>> {
    const launched = await this.#sharing.launcher.launchReady(this, '{}', null);
    this.#starting = null;
    if (launched.kind === 'lost') return launched;
    const { child, greeting } = launched.value;
    if (this.#closed || !child.alive) {
      this.#backoff.failed(0);
      void child.stop();
      return { kind: 'lost', loss: exited('ended while starting') };
    }
    this.#child = child;
    this.#greeting = greeting;
    this.#sharing.onStart(greeting);
    return { kind: 'ok', value: greeting };
  }

  #notify(line: ServerLine): void {
    if (line.method === 'notifications/cancelled') return this.#withdraw(countAt(line.bytes, line.requestId));
    const owner = line.method === 'notifications/progress' ? line.progressToken : line.subscriptionId;
    if (owner === null) return this.#sharing.onUnaddressed(line);
    this.#calls.get(countAt(line.bytes, owner))?.call.onNotification?.(line);
  }

  // A server may only take back a subscription (MCP 2026-07-28 cancellation).
  #withdraw(id: number): void {
    const entry = this.#calls.get(id);
    if (entry?.lasting === true) this.#take(id)?.onLost(WITHDRAWN);
  }

  // What belongs to nobody can be asked of nobody; `ping` alone the gateway answers itself.
  #refuse(line: ServerLine): void {
    if (line.id === null) return;
    const id = textAt(line.bytes, line.id);
    const answer =
      line.method === 'ping'
        ? toResult(id, '{}')
        : toError(id, -32601, 'Not offered to a server that many clients share');
    this.#child?.send(Buffer.concat([answer, Buffer.from('\n')]));
  }

  #timeOut(id: number): void {
    const call = this.#take(id);
    if (call === null) return;
    this.#child?.send(toCancelled(id, 'timed out'));
    call.onLost(TIMED_OUT);
  }

  #take(id: number): Call | null {
    const entry = this.#calls.take(id);
    if (entry === null) return null;
    this.#sharing.deadlines.forget(entry);
    return entry.call;
  }
}
