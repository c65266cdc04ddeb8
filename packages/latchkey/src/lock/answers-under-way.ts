import type { Principal } from '../core/principal.ts';
import { SlotList, type Slotted } from '../core/slot-list.ts';
import type { Awaitable } from '../core/store.ts';

/** How often open answers are looked at: a quarter of the second that revocation may take. */
export const LOOK_MS = 250;

/** An answer under way. */
export interface AnswerUnderWay extends Slotted {
  readonly principal: Principal | null;
  /** True for the long-lived kinds. */
  readonly stream: boolean;
  /** When its credential ends as far as is known, epoch milliseconds; null means never. Set while it is open. */
  endsAt: number | null;
  /** The version of the store by which that is so; NaN before the first look. */
  heldAgainst: number;
}

/** When a principal's credential ends: epoch ms, null for never; 0 when it was revoked. */
export type EndOf = (principal: Principal) => Awaitable<number | null>;

/**
 * Answers under way, each of which is cut within a second after its credential ended (revoked, rotated away, expired),
 * and again until it is over.
 */
export interface AnswersUnderWay<Item> {
  add(item: Item): void;
  remove(item: Item): boolean;
  readonly size: number;
  /** Open streams of a principal, whichever of its credentials opened them. */
  streamsOf(principal: Principal): number;
  toArray(): readonly Item[];
}

/** What answers under way are held against. */
export interface EndsOptions<Item> {
  /** `Store.version`: while it gives the same number, ends of stored credentials hold. NaN where there is no store. */
  readonly version: () => Awaitable<number>;
  readonly endOf: EndOf;
  readonly now: () => number;
  /** Must not throw. */
  cut(item: Item): void;
  /** Told after each look: what could not be asked, or null. What is known of the ends holds meanwhile. */
  onLook?(error: unknown): void;
}

export function createAnswersUnderWay<Item extends AnswerUnderWay>(options: EndsOptions<Item>): AnswersUnderWay<Item> {
  const { now, cut, onLook } = options;
  const open = new SlotList<Item>();
  const streams = new Map<string, number>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let looking = false;

  const count = ({ stream, principal }: Item, step: 1 | -1): void => {
    if (stream && principal !== null) addTo(streams, principal.id, step);
  };

  // An answer may have come to its own end while something was asked.
  const cutEnded = (item: Item): void => {
    if (item.slot !== -1 && item.endsAt !== null && item.endsAt <= now()) cut(item);
  };

  const look = async (): Promise<void> => {
    if (open.size === 0) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    // What ends by itself ends whether or not anybody can be asked.
    open.toArray().forEach(cutEnded);
    if (looking) return;
    looking = true;
    const failure = await askEnds(open.toArray(), options, cutEnded);
    looking = false;
    onLook?.(failure);
  };

  return {
    add(item) {
      item.endsAt = item.principal?.expiresAt ?? null;
      open.add(item);
      count(item, 1);
      timer ??= unref(setInterval(() => void look(), LOOK_MS));
    },
    remove(item) {
      const removed = open.remove(item);
      if (removed) count(item, -1);
      return removed;
    },
    get size() {
      return open.size;
    },
    streamsOf: ({ id }) => streams.get(id) ?? 0,
    toArray: () => open.toArray(),
  };
}

/** Counts what there is of each key; what there is none of takes no room. */
export function addTo(counts: Map<string, number>, key: string, step: 1 | -1): void {
  const next = (counts.get(key) ?? 0) + step;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}

/**
 * Asks when each of them ends, and tells of each as soon as that is known: a stored credential once for each version of
 * the store, and not while that cannot be read, others each time. Gives the last failure, or null; who could not be asked
 * is asked again at the next look.
 */
async function askEnds<Item extends AnswerUnderWay>(
  items: readonly Item[],
  { version, endOf }: EndsOptions<Item>,
  onEnd: (item: Item) => void,
): Promise<unknown> {
  const known = new Map<unknown, number | null>();
  let failure: unknown = null;
  let current: number | null = null;
  const attempt = async (step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      failure = error;
    }
  };
  await attempt(async () => void (current = await version()));
  for (const item of items) {
    const { principal } = item;
    if (item.slot === -1 || principal === null) continue;
    const { credentialId } = principal;
    if (credentialId !== null && (current === null || item.heldAgainst === current)) continue;
    await attempt(async () => {
      const key = credentialId ?? principal;
      if (!known.has(key)) known.set(key, await endOf(principal));
      item.endsAt = known.get(key) as number | null;
      item.heldAgainst = current ?? Number.NaN;
      onEnd(item);
    });
  }
  return failure;
}

// Node would wait for it; elsewhere timers are numbers.
function unref<Timer>(timer: Timer): Timer {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
