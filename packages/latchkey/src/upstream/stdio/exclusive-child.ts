import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../core/message.ts';
import type { Log } from '../../core/log.ts';
import type { Posted } from '../posted.ts';
import type { Child, ChildHandlers, ChildEnding } from './child.ts';
import { ChildQuestions } from './child-questions.ts';
import { countAt, textAt, toCancelled, toError, toRequest, toResult, valueAt } from './json.ts';
import type { Greeting } from './launcher.ts';
import { NOT_READING, TIMED_OUT, toLoss, type Loss } from './loss.ts';
import { statusOf, tellProgress, tokenOf, toLine, type Decorate } from './modern-call.ts';
import { createDecorate } from './modern-to-legacy.ts';
import type { Reply } from './reply.ts';
import { ASKING, digestOfCall, toInputRequired, type Round } from './round.ts';
import { hearServerLine, type ServerLine } from './server-line.ts';
import { splice, type Edit } from './splice.ts';

export interface ExclusiveOptions {
  readonly callTimeoutMs: number;
  readonly idleMs: number;
  readonly log: Log;
  /** Names of the client's capabilities; nothing else may be asked. */
  readonly declared: ReadonlySet<string>;
  /** Makes the state that a waiting call is found again by. */
  park(): string;
  unpark(state: string): void;
  /** Resources whose changes its caller listens to. */
  watched(): Iterable<string>;
  /** A change of a list or of a resource. */
  onChange(line: ServerLine): void;
  onFree(): void;
  onEnd(): void;
}

const CLIENT_MS = 60_000;
const PING_ID = '"latchkey-ping"';
const SETTLE_MS = 1000;
// Nothing tells when a child has made use of an answer; the filesystem server looks at each root on the disk first.
const ANSWERED_MS = 150;
// Most servers leave a cancelled request without a response (MCP 2025-11-25 Cancellation).
const CANCELLED_MS = 1000;
const CHANGE = /\/(?:list_changed|updated)$/;
const WATCH_ID = '"latchkey-watch"';
const NEWLINE = Buffer.from('\n');

/** A legacy child that serves one call at a time, and turns what it asks back into `input_required` results. */
export class ExclusiveChild implements ChildHandlers {
  readonly #options: ExclusiveOptions;
  readonly #questions: ChildQuestions;
  #child: Child | null = null;
  #decorate: Decorate | null = null;
  #taken = true;
  #round: Round | null = null;
  #lastId = 0;
  #idleTimer: NodeJS.Timeout | null = null;
  /** The call that was given up and may still be under way. */
  #cancelled: { readonly id: number; readonly timer: NodeJS.Timeout } | null = null;
  readonly #watched = new Set<string>();
  #settled: (() => void) | null = null;

  constructor(options: ExclusiveOptions) {
    this.#options = options;
    this.#questions = new ChildQuestions(options.declared);
  }

  get idle(): boolean {
    return !this.#taken && this.#child?.alive === true;
  }

  begin(child: Child, greeting: Greeting): void {
    this.#child = child;
    this.#decorate = createDecorate(greeting);
  }

  /**
   * Settles when the child has done what it does by itself at that moment: what comes before the answer to a ping, or a
   * question that may keep it from answering. Many want the client's roots before any call (MCP 2025-11-25 roots).
   */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settled?.(), SETTLE_MS);
      this.#settled = () => {
        clearTimeout(timer);
        this.#settled = null;
        resolve();
      };
      this.#send(toRequest(PING_ID, 'ping', '{}'));
    });
  }

  take(): void {
    this.#taken = true;
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
  }

  giveBack(): void {
    this.#taken = false;
    this.#idleTimer = setTimeout(() => void this.stop(), this.#options.idleMs).unref();
    this.#options.onFree();
  }

  stop(): Promise<void> {
    this.#taken = true;
    return this.#child?.stop() ?? Promise.resolve();
  }

  call(request: Posted, reply: Reply): void {
    const { message, principal } = request;
    this.#lastId += 1;
    const round: Round = {
      id: this.#lastId,
      method: message.method,
      principalId: principal.id,
      digest: digestOfCall(message, valueAt(message.bytes, message.params)),
      reply: null,
      token: null,
      state: null,
      unsent: toLine(message, this.#lastId),
      response: null,
      timer: setTimeout(() => {}, 0),
    };
    this.#round = round;
    this.#join(round, message, reply);
    this.#watch();
    this.#proceed(round);
  }

  /** Whether a retry belongs to the call that waits here. */
  accepts({ principal, message }: Posted, params: unknown): boolean {
    const round = this.#round;
    return (
      round !== null &&
      round.state !== null &&
      round.principalId === principal.id &&
      round.digest === digestOfCall(message, params)
    );
  }

  resume(responses: Record<string, unknown>, message: Message, reply: Reply): void {
    const round = this.#round;
    if (round === null) return;
    round.state = null;
    this.#join(round, message, reply);
    for (const { key, id } of this.#questions.takeAnswered(responses))
      this.#send(toResult(id, JSON.stringify(responses[key])));
    if (round.response !== null) return this.#respond(round.response);
    if (round.unsent === null || this.#questions.open.length > 0) return this.#askSoon();
    return void this.#callLater(round);
  }

  onLine(bytes: Buffer): void {
    const line = hearServerLine(bytes, this.#options.log);
    if (line === null) return;
    if (line.method === '') this.#hear(line);
    else if (line.id !== null) this.#question(line, textAt(line.bytes, line.id));
    else this.#notify(line);
  }

  onEnd(ending: ChildEnding): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    clearTimeout(this.#cancelled?.timer);
    this.#taken = true;
    this.#settled?.();
    this.#close(toLoss(ending));
    this.#options.onEnd();
  }

  #join(round: Round, message: Message, reply: Reply): void {
    clearTimeout(round.timer);
    round.reply = reply;
    round.token = tokenOf(message);
    round.timer = setTimeout(() => this.#giveUp(TIMED_OUT), this.#options.callTimeoutMs);
    reply.onGone = () => this.#giveUp(TIMED_OUT);
  }

  /** What the call changes its caller hears of, if it listens, though another process was asked to watch. */
  #watch(): void {
    for (const uri of this.#options.watched()) {
      if (this.#watched.has(uri)) continue;
      this.#watched.add(uri);
      this.#send(toRequest(WATCH_ID, 'resources/subscribe', JSON.stringify({ uri })));
    }
  }

  /** Sends the call, unless the child asked something before: what it does with the call may depend on the answer. */
  #proceed(round: Round): void {
    if (this.#round !== round || round.reply === null || round.unsent === null) return;
    if (this.#questions.open.length > 0 && ASKING.has(round.method)) return this.#askSoon();
    const line = round.unsent;
    round.unsent = null;
    if (this.#child?.send(line) !== true) this.#giveUp(NOT_READING);
  }

  async #callLater(round: Round): Promise<void> {
    await this.settle();
    await sleep(ANSWERED_MS);
    this.#proceed(round);
  }

  #hear(line: ServerLine): void {
    if (line.id !== null && textAt(line.bytes, line.id) === PING_ID) this.#settled?.();
    else if (this.#cancelled !== null) this.#endCancelled(this.#cancelled, line);
    else this.#respond(line);
  }

  #respond(line: ServerLine): void {
    const round = this.#round;
    if (round === null || countAt(line.bytes, line.id) !== round.id) return;
    if (round.reply === null) {
      round.response = line;
      return;
    }
    const { reply, method } = round;
    const edits: Edit[] = line.id === null ? [] : [{ ...line.id, text: reply.id }];
    this.#decorate?.(line, method, edits);
    clearTimeout(round.timer);
    this.#round = null;
    reply.finish(splice(line.bytes, edits), statusOf(line));
    this.giveBack();
  }

  #notify(line: ServerLine): void {
    const round = this.#round;
    if (line.method === 'notifications/cancelled' && line.requestId !== null) {
      this.#questions.remove(textAt(line.bytes, line.requestId));
    } else if (line.method === 'notifications/progress' && round?.reply) {
      if (countAt(line.bytes, line.progressToken) === round.id) tellProgress(round.reply, round.token, line);
    } else if (CHANGE.test(line.method)) {
      this.#options.onChange(line);
    }
  }

  #question(line: ServerLine, id: string): void {
    if (line.method === 'ping') return this.#send(toResult(id, '{}'));
    if (this.#cancelled !== null || !this.#questions.add(line, id))
      return this.#send(toError(id, -32601, 'Not offered'));
    this.#settled?.();
    return this.#askSoon();
  }

  // Questions that come in one breath go to the client in one result. One that came before any call waits for the next.
  #askSoon(): void {
    if (this.#questions.open.length > 0) setImmediate(() => this.#ask());
  }

  #ask(): void {
    const round = this.#round;
    if (round?.reply == null) return;
    // The child may have taken its question back.
    if (this.#questions.open.length === 0) return this.#proceed(round);
    if (!ASKING.has(round.method)) return;
    const { reply } = round;
    round.state = this.#options.park();
    round.reply = null;
    clearTimeout(round.timer);
    round.timer = setTimeout(() => this.#giveUp(TIMED_OUT), CLIENT_MS).unref();
    reply.finish(toInputRequired(reply.id, this.#questions.open, round.state));
  }

  // A child whose call was given up may still ask for it, so it serves no other until it has answered the call.
  #giveUp(loss: Loss): void {
    const round = this.#round;
    if (round === null) return;
    this.#close(loss);
    if (round.unsent !== null) return this.giveBack();
    this.#send(toCancelled(round.id, 'given up'));
    if (ASKING.has(round.method))
      for (const { id } of this.#questions.takeAll()) this.#send(toError(id, -32603, 'The call was cancelled'));
    this.#cancelled = { id: round.id, timer: setTimeout(() => void this.stop(), CANCELLED_MS) };
    if (round.response !== null) this.#endCancelled(this.#cancelled, round.response);
  }

  #endCancelled({ id, timer }: { readonly id: number; readonly timer: NodeJS.Timeout }, line: ServerLine): void {
    if (countAt(line.bytes, line.id) !== id) return;
    clearTimeout(timer);
    this.#cancelled = null;
    this.giveBack();
  }

  #close(loss: Loss): void {
    const round = this.#round;
    if (round === null) return;
    this.#round = null;
    clearTimeout(round.timer);
    if (round.state !== null) this.#options.unpark(round.state);
    round.reply?.fail(loss.refusal, loss.text);
  }

  #send(json: Buffer): void {
    this.#child?.send(json.at(-1) === 0x0a ? json : Buffer.concat([json, NEWLINE]));
  }
}
