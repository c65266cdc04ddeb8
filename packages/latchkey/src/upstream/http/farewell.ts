import type { Connection, Receiver } from './connection.ts';
import type { Bounded } from './relay.ts';

const TIMEOUT_MS = 10_000;

/** A request whose answer is of no interest, and waited for only so that its connection can be used again. */
export class Farewell implements Receiver, Bounded {
  slot = -1;
  readonly deadline = performance.now() + TIMEOUT_MS;
  readonly #settled: (farewell: Farewell) => void;
  #connection: Connection | null = null;

  constructor(settled: (farewell: Farewell) => void) {
    this.#settled = settled;
  }

  travel(connection: Connection): void {
    this.#connection = connection;
  }

  expire(): void {
    this.#settled(this);
    this.#connection?.abandon();
  }

  onHead(): void {}

  onBody(): boolean {
    return true;
  }

  onEnd(): void {
    this.#settled(this);
  }

  onFail(): void {
    this.#settled(this);
  }
}
