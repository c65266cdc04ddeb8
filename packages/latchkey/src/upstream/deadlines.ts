import { createStandstill } from '../core/standstill.ts';
import { SlotList, type Slotted } from '../core/slot-list.ts';

/** Something that is given up when its time is over. */
export interface Bounded extends Slotted {
  /** `performance.now` of its end. */
  readonly deadline: number;
  /** Comes once, at most a quarter of a second late, and not right after a standstill. */
  expire(): void;
}

const SWEEP_MS = 250;
const STANDSTILL_MS = 1000;

/** The ends of all that one upstream waits for, behind one timer; a timer of its own would be set anew with every request. */
export class Deadlines {
  readonly #waiting = new SlotList<Bounded>();
  readonly #timer: NodeJS.Timeout;

  /** `onSweep` runs with each look, with `performance.now`. */
  constructor(onSweep: (now: number) => void = () => {}) {
    const stoodStill = createStandstill(STANDSTILL_MS);
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (!stoodStill(now)) this.#expireOverdue(now);
      onSweep(now);
    }, SWEEP_MS).unref();
  }

  watch(bounded: Bounded): void {
    this.#waiting.add(bounded);
  }

  forget(bounded: Bounded): void {
    this.#waiting.remove(bounded);
  }

  /** Nothing expires any more. */
  close(): void {
    clearInterval(this.#timer);
  }

  #expireOverdue(now: number): void {
    for (const bounded of this.#waiting.toArray()) {
      // One that expires may take others along.
      if (bounded.deadline <= now && bounded.slot !== -1) {
        this.#waiting.remove(bounded);
        bounded.expire();
      }
    }
  }
}
