import type { Principal } from '../core/principal.ts';
import { SlotList, type Slotted } from '../core/slot-list.ts';
import type { Awaitable } from '../core/store.ts';
import type { Asking } from './asking.ts';
import type { TellError } from './tell-error.ts';

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

/** `onError` is told of what could not be cut. */
export function createOpenPassages(endOf: EndOf, now: () => number, onError: TellError): OpenPassages {
  const open = new SlotList<OpenPassage>();
  const streams = new Map<string, number>();
  let timer: ReturnType<typeof setInterval> | null = null;
  let sweeping = false;

  const count = ({ asking, principal }: OpenPassage, step: 1 | -1): void => {
    if (!asking.stream) return;
    const next = (streams.get(principal.id) ?? 0) + step;
    if (next === 0) streams.delete(principal.id);
    else streams.set(principal.id, next);
  };

  const sweep = async (): Promise<void> => {
    if (open.size === 0) stop();
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
      count(passage, 1);
      timer ??= unref(setInterval(() => void sweep(), SWEEP_MS));
    },
    remove(passage) {
      if (open.remove(passage)) count(passage, -1);
    },
    get size() {
      return open.size;
    },
    streamsOf: ({ id }) => streams.get(id) ?? 0,
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
