import { APART } from '../core/apart.ts';
import type { Principal } from '../core/principal.ts';
import { SlotList, type Slotted } from '../core/slot-list.ts';
import type { Awaitable } from '../core/store.ts';

/** How often open answers are looked at: a quarter of the second that revocation may take. */
export const LOOK_MS = 250;

/** An answer under way. */
export interface AnswerUnderWay extends Slotted {
  readonly principal: Principal | null;
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
  toArray(): readonly Item[];
}

/** What answers under way are held against. */
export interface EndsOptions<Item> {
  /** `Store.version`: while it gives the same number, ends of stored credentials hold. NaN where there is no store. */
  readonly version: () => Awaitable<number>;
  readonly endOf: EndOf;
  /** Infinity where nothing tells the time: then whatever has an end is cut. */
  readonly now: () => number;
  /** Is shown each of them, and the time, a few times a second. Must not throw, nor must `now` and `cut`. */
  visit?(item: Item, at: number): void;
  cut(item: Item): void;
  /** Whether each has a timer of its own. Default: `APART`. */
  readonly apart?: boolean;
  /** Told after each look: what could not be asked, or null. What is known of the ends holds meanwhile. */
  onLook?(error: unknown): void;
}

export function createAnswersUnderWay<Item extends AnswerUnderWay>(options: EndsOptions<Item>): AnswersUnderWay<Item> {
  const { apart = APART } = options;
  const open = new SlotList<Item>();
  let watching = false;
  return {
    add(item) {
      item.endsAt = item.principal?.expiresAt ?? null;
      open.add(item);
      if (apart) return watch(options, () => (item.slot === -1 ? [] : [item]));
      if (watching) return;
      watching = true;
      watch(
        options,
        () => open.toArray(),
        () => (watching = false),
      );
    },
    remove: (item) => open.remove(item),
    get size() {
      return open.size;
    },
    toArray: () => open.toArray(),
  };
}

/** Looks at what is under way a few times a second, until that is nothing. */
function watch<Item extends AnswerUnderWay>(
  options: EndsOptions<Item>,
  underWay: () => readonly Item[],
  onNone?: () => void,
): void {
  const { now, visit, cut, onLook } = options;
  let looking = false;

  // An answer may have come to its own end while something was asked.
  const cutEnded = (item: Item, at: number): void => {
    if (item.slot !== -1 && item.endsAt !== null && item.endsAt <= at) cut(item);
  };

  const look = async (): Promise<void> => {
    const items = underWay();
    if (items.length === 0) {
      clearInterval(timer);
      return onNone?.();
    }
    const at = now();
    for (const item of items) {
      visit?.(item, at);
      // What ends by itself ends whether or not anybody can be asked.
      cutEnded(item, at);
    }
    if (looking) return;
    looking = true;
    const failure = await askEnds(underWay(), options, (item) => cutEnded(item, at));
    looking = false;
    onLook?.(failure);
  };

  const timer = unref(setInterval(() => void look(), LOOK_MS));
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
  try {
    current = await version();
  } catch (error) {
    failure = error;
  }
  for (const item of items) {
    const { principal } = item;
    if (item.slot === -1 || principal === null) continue;
    const { credentialId } = principal;
    if (credentialId !== null && (current === null || item.heldAgainst === current)) continue;
    try {
      const key = credentialId ?? principal;
      if (!known.has(key)) known.set(key, await endOf(principal));
      item.endsAt = known.get(key) as number | null;
      item.heldAgainst = current ?? Number.NaN;
      onEnd(item);
    } catch (error) {
      failure = error;
    }
  }
  return failure;
}

// Node would wait for it; elsewhere timers are numbers.
function unref<Timer>(timer: Timer): Timer {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
