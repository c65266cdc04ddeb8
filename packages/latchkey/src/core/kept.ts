import { APART } from './apart.ts';
import { OutgoingError } from './outgoing.ts';

export interface Keeping<Value> {
  /** Gets the value anew. `freshMs`: how long nothing need be asked again. */
  readonly load: (now: number) => Promise<{ readonly value: Value; readonly freshMs: number }>;
  /** How long a value serves while it cannot be had anew, milliseconds. */
  readonly maxAgeMs: number;
  /** Time between two questions while they fail, or while `renew` is called again and again. Default: 5000. */
  readonly coolDownMs?: number;
  /** Whether who asks must not wait for what another one asked. Default: `APART`. */
  readonly apart?: boolean;
}

/** A value that stands somewhere else: kept for a while, asked for by one caller at a time and at a bounded rate. */
export interface Kept<Value> {
  /** The value, where it can be had at once; asks in the background when it grows old. Null: `get` must be asked. */
  peek(now: number): Value | null;
  /** The value, asked for where it must be. Rejects as `load` did when there is none that still serves. */
  get(now: number): Promise<Value>;
  /**
   * The value as it is now, since what is kept seems to lack something. Asks once per cool-down at most, and not at all
   * when the value is as new as the request. Rejects when the last question failed.
   */
  renew(now: number): Promise<Value>;
}

/** From this share of its freshness on a value is asked for in the background, so that nobody need wait. */
const OLD = 0.8;
const COOL_DOWN_MS = 5000;

interface Held<Value> {
  readonly value: Value;
  readonly at: number;
  readonly freshMs: number;
}

export function createKept<Value>(keeping: Keeping<Value>): Kept<Value> {
  const { maxAgeMs, coolDownMs = COOL_DOWN_MS, apart = APART } = keeping;
  let held: Held<Value> | null = null;
  let pending: Promise<Value> | null = null;
  let failure: { readonly error: unknown; readonly at: number } | null = null;
  let renewedAt = Number.NaN;

  const load = async (now: number): Promise<Value> => {
    try {
      held = { ...(await keeping.load(now)), at: now };
      failure = null;
      return held.value;
    } catch (error) {
      failure = { error, at: now };
      throw error;
    }
  };
  const ask = (now: number): Promise<Value> => {
    if (pending !== null && !apart) return pending;
    if (failure !== null && between(failure.at, now) < coolDownMs) return Promise.reject(failure.error as Error);
    const asked = load(now).finally(() => {
      if (pending === asked) pending = null;
    });
    pending = asked;
    return asked;
  };
  const serving = (now: number): Held<Value> | null =>
    held !== null && between(held.at, now) < maxAgeMs ? held : null;

  const peek = (now: number): Value | null => {
    const found = serving(now);
    if (found === null) return null;
    const age = between(found.at, now);
    if (age < found.freshMs * OLD) return found.value;
    // While the issuer is down nobody waits for it, as long as what is kept serves.
    if (age >= found.freshMs && (failure === null || apart)) return null;
    // Nothing goes on in the background of a request that ends.
    if (!apart) ask(now).catch(() => {});
    return found.value;
  };

  return {
    peek,
    async get(now) {
      const found = peek(now);
      if (found !== null) return found;
      try {
        return await ask(now);
      } catch (error) {
        const old = serving(now);
        if (old === null) throw error;
        return old.value;
      }
    },
    async renew(now) {
      const soon = between(renewedAt, now) < coolDownMs;
      if (soon && pending !== null) {
        if (apart) throw new OutgoingError('another request is asking');
        return pending;
      }
      if (soon && failure !== null) throw failure.error;
      if (soon && held !== null) return held.value;
      renewedAt = now;
      return held !== null && held.at >= now ? held.value : ask(now);
    },
  };
}

/** Clocks are set back at times: what lies ahead by an hour is as far away as what lies behind by one. */
function between(one: number, other: number): number {
  return Math.abs(one - other);
}
