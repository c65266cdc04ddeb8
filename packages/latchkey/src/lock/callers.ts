const MAX_CALLERS = 100_000;

/** What is remembered of a principal from one request to the next. */
export interface Caller {
  /** Where it was last let in from; null before it was. */
  network: string | null;
  /** When its next call is due, as `takeCell` keeps it. */
  tat: number;
}

/** Principals by their ids. Those past the bound push out who has no calls to wait for, else the oldest ones. */
export interface Callers {
  of(principal: string, now: number): Caller;
}

export function createCallers(): Callers {
  const callers = new Map<string, Caller>();

  const makeRoom = (now: number): void => {
    for (const [principal, { tat }] of callers) if (tat <= now) callers.delete(principal);
    for (const principal of callers.keys()) {
      if (callers.size < MAX_CALLERS) break;
      callers.delete(principal);
    }
  };

  return {
    of(principal, now) {
      const known = callers.get(principal);
      if (known !== undefined) return known;
      if (callers.size >= MAX_CALLERS) makeRoom(now);
      const caller = { network: null, tat: 0 };
      callers.set(principal, caller);
      return caller;
    },
  };
}
