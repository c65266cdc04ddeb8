import type { Principal } from '../core/principal.ts';
import { SlotList, type Slotted } from '../core/slot-list.ts';
import type { Awaitable } from '../core/store.ts';
import type { Asking } from './asking.ts';
import { recordLasting } from './record-lasting.ts';

const SWEEP_MS = 250;

/** An answer under way. */
export interface OpenPassage extends Slotted {
  readonly asking: Asking;
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
  /** Open streams of a principal, whichever of its credentials opened them. */
  streamsOf(principal: Principal): number;
  toArray(): readonly OpenPassage[];
}

interface Watch {
  readonly endOf: EndOf;
  readonly now: () => number;
  /** Writes down one that lasts, while it is under way. */
  readonly record: (asking: Asking) => void;
  /** Told of what could not be cut or written down. */
  readonly onError: (error: unknown) => void;
}

export function createOpenPassages({ endOf, now, record, onError }: Watch): OpenPassages {
  const open = new SlotList<OpenPassage>();
  let timer: ReturnType<typeof setInterval> | null = null;
  let sweeping = false;

  const sweep = async (): Promise<void> => {
    if (open.size === 0) stop();
    for (const { asking } of open.toArray()) {
      try {
        recordLasting(asking, now(), record);
      } catch (error) {
        onError(error);
      }
    }
    if (sweeping) return;
    sweeping = true;
    for (const passage of open.toArray()) {
      if (passage.cut === null || passage.slot === -1) continue;
      try {
        const end = await endOfSafely(endOf, passage.principal);
        if (end !== null && end <= now() && passage.slot !== -1) passage.cut();
      } catch (error) {
        onError(error);
      }
    }
    sweeping = false;
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
    streamsOf: ({ id }) =>
      open.toArray().filter(({ asking, principal }) => asking.stream && principal.id === id).length,
    toArray: () => open.toArray(),
  };
}

/** What cannot be asked now is asked again soon. */
async function endOfSafely(endOf: EndOf, principal: Principal): Promise<number | null> {
  try {
    return await endOf(principal);
  } catch {
    return principal.expiresAt;
  }
}

// Node would wait for it; elsewhere timers are numbers.
function unref<Timer>(timer: Timer): Timer {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
