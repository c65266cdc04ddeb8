import type { Answer } from '../../core/upstream.ts';
import { Reply } from './reply.ts';

const MAX_HELD_LINES = 100;
const MAX_HELD_BYTES = 1024 * 1024;

/** The GET stream of a legacy session, for what belongs to no request. Until it is open, a bounded number of lines is kept. */
export class SideStream {
  #reply: Reply | null = null;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #leftAt = 0;

  /** When the last one who listened left, by `performance.now()`. */
  get leftAt(): number {
    return this.#leftAt;
  }

  get isOpen(): boolean {
    return this.#reply !== null;
  }

  /** A second stream takes the first one's place. */
  open(answer: Answer): void {
    const reply = new Reply(answer, 'null');
    this.#reply?.close();
    this.#reply = reply;
    reply.onGone = () => {
      if (this.#reply !== reply) return;
      this.#reply = null;
      this.#leftAt = performance.now();
    };
    reply.stream();
    for (const line of this.#held) reply.event(line);
    this.#held = [];
    this.#heldBytes = 0;
  }

  send(line: Buffer): void {
    if (this.#reply !== null) return this.#reply.event(line);
    if (this.#held.length >= MAX_HELD_LINES || this.#heldBytes + line.length > MAX_HELD_BYTES) return;
    this.#held.push(line);
    this.#heldBytes += line.length;
  }

  close(): void {
    this.#reply?.close();
    this.#reply = null;
    this.#held = [];
  }
}
