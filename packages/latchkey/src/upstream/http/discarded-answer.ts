import type { Bounded, Deadlines } from '../deadlines.ts';
import type { Connection, Receiver } from './connection.ts';

const TIMEOUT_MS = 10_000;

/** A request whose answer is of no interest, and waited for only so that its connection can be used again. */
export class DiscardedAnswer implements Receiver, Bounded {
  slot = -1;
  readonly deadline = performance.now() + TIMEOUT_MS;
  readonly #deadlines: Deadlines;
  #connection: Connection | null = null;

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  travel(connection: Connection): void {
    this.#connection = connection;
  }

  expire(): void {
    this.#connection?.abandon();
  }

  onHead(): void {}

  onBody(): boolean {
    return true;
  }

  onEnd(): void {
    this.#deadlines.forget(this);
  }

  onFail(): void {
    this.#deadlines.forget(this);
  }
}
