import type { Log } from '../../core/log.ts';
import type { Protocol } from '../../core/revision.ts';
import type { Answer } from '../../core/upstream.ts';
import type { Posted } from '../posted.ts';
import { InputRounds, wantsInput } from './input-rounds.ts';
import type { Greeting, Launcher } from './launcher.ts';
import type { Listeners } from './listeners.ts';
import { forwardModernCall, type Decorate } from './modern-call.ts';
import { createDecorate, isRemoved, offerLess, refuseMethod, toDiscovery } from './modern-to-legacy.ts';
import { Reply } from './reply.ts';
import type { SharedChild } from './shared-child.ts';

export interface ModernCallersOptions {
  readonly launcher: Launcher;
  readonly shared: SharedChild;
  readonly listeners: Listeners;
  readonly callTimeoutMs: number;
  readonly log: Log;
  /** The eras callers may speak; it shows in `server/discover`. */
  readonly protocol: Protocol;
}

/**
 * Requests of modern callers. The child that all share has them; of a legacy one only what it knows, and calls that it may
 * ask back in have a child to themselves.
 */
export class ModernCallers {
  readonly #options: ModernCallersOptions;
  readonly #rounds: InputRounds;
  #decorate: Decorate = offerLess;

  constructor(options: ModernCallersOptions) {
    const { launcher, callTimeoutMs, log, listeners } = options;
    this.#options = options;
    this.#rounds = new InputRounds({
      launcher,
      callTimeoutMs,
      log,
      listeners,
      share: (request, answer) => this.#share(request, answer),
    });
  }

  /** The shared child has said what it is, and is ready for calls. */
  greet(greeting: Greeting): void {
    this.#decorate = greeting.era === 'legacy' ? createDecorate(greeting) : offerLess;
  }

  call(request: Posted, answer: Answer): void {
    const greeting = this.#options.shared.ready;
    if (greeting === null) void this.#startAndCall(request, answer);
    else this.#callServer(greeting, request, answer);
  }

  /** Ends a child that one of them had to itself and does not need just now; false where there is none. */
  makeRoom(): Promise<boolean> {
    return this.#rounds.makeRoom();
  }

  /** Ends the calls that have a child to themselves; those that share one end with it. */
  close(): void {
    this.#rounds.close();
  }

  async #startAndCall(request: Posted, answer: Answer): Promise<void> {
    const started = await this.#options.shared.start();
    if (answer.aborted) return;
    if (started.kind === 'lost') answer.fail(started.loss.refusal);
    else this.#callServer(started.value, request, answer);
  }

  #callServer(greeting: Greeting, request: Posted, answer: Answer): void {
    if (greeting.era === 'modern') this.#share(request, answer);
    else this.#callLegacy(greeting, request, answer);
  }

  #callLegacy(greeting: Greeting, request: Posted, answer: Answer): void {
    const { message } = request;
    const id = message.id ?? 'null';
    if (message.method === 'server/discover')
      return new Reply(answer, id).finish(toDiscovery(id, greeting, this.#options.protocol));
    if (message.method === 'subscriptions/listen')
      return void this.#options.listeners.listen(request, answer, greeting);
    if (isRemoved(message.method)) return refuseMethod(answer, id);
    if (wantsInput(message)) return this.#rounds.forward(request, answer);
    return this.#share(request, answer);
  }

  #share(request: Posted, answer: Answer): void {
    forwardModernCall(this.#options.shared, request, answer, this.#decorate);
  }
}
