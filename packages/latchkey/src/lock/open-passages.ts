import type { Principal } from '../core/principal.ts';
import { SlotList, type Slotted } from '../core/slot-list.ts';
import type { Awaitable } from '../core/store.ts';

const SWEEP_MS = 250;

/** An answer under way. */
export interface OpenPassage extends Slotted {
  readonly principal: Principal;
  cut: (() => void) | null;
}

/** When a principal's credential ends: epoch ms, null for never; 0 when it was revoked. */
export type EndOf = (principal: Principal) => Awaitable<number | null>;

/** Answers under way, each of which is cut within a second after its credential ended (revoked, rotated away, expired). */
export interface OpenPassages {
  add(passage: OpenPassage): void;
  remove(passage: OpenPassage): void;
  readonly size: number;
}

export function createOpenPassages(endOf: EndOf, now: () => number): OpenPassages {
  const open = new SlotList<OpenPassage>();
  let timer: ReturnType<typeof setInterval> | null = null;

  const sweep = async (): Promise<void> => {
    if (open.size === 0) stop();
    for (const passage of open.toArray()) {
      if (passage.cut === null || passage.slot === -1) continue;
      // What cannot be asked now is asked again soon.
      const end = await Promise.resolve(endOf(passage.principal)).catch(() => passage.principal.expiresAt);
      if (end !== null && end <= now()) passage.cut();
    }
  };

  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };

  return {
    add(passage) {
      open.add(passage);
      timer ??= unref(setInterval(() => void sweep(), SWEEP_MS));
    },
    remove: (passage) => void open.remove(passage),
    get size() {
      return open.size;
    },
  };
}

// Node would wait for it; elsewhere timers are numbers.
function unref<Timer>(timer: Timer): Timer {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
