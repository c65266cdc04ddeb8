/** A rate: `count` events per `periodMs`, all of which may come at once. */
export interface Rate {
  readonly count: number;
  readonly periodMs: number;
}

/** Milliseconds until the event would be let through; 0 lets it through now. */
export type Wait = number;

/**
 * One step of the generic cell rate algorithm. `tat` is the theoretical arrival time kept for the key (0 for a new
 * key), `now` epoch milliseconds. When `wait` is 0 the event counts and `tat` is what to keep; otherwise nothing counts.
 * A `tat` more than two periods ahead, which only a clock that was set back leaves behind, counts as that of a new key.
 */
export function takeCell(rate: Rate, tat: number, now: number): { readonly wait: Wait; readonly tat: number } {
  const interval = rate.periodMs / rate.count;
  const start = tat > now && tat - now <= 2 * rate.periodMs ? tat : now;
  const wait = start - now - (rate.periodMs - interval);
  return wait > 0 ? { wait, tat } : { wait: 0, tat: start + interval };
}
