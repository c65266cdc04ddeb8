import type { ClientSession } from '../forward-by-era.ts';

/** One of a legacy client, and what it has under way. */
export interface Session extends ClientSession {
  /** When it was used last, by `performance.now()`; null while it is used. Undefined while it has no process of its own. */
  readonly idleSince?: number | null | undefined;
  /** Its calls under way. */
  readonly underWay: number;
}

interface Held {
  readonly session: Session;
  readonly owner: string;
}

/** The sessions of legacy clients, and which of them makes room when there are as many processes as may run. */
export class SessionTable {
  readonly #held = new Map<string, Held>();
  readonly #yieldMs: number;

  constructor(yieldMs: number) {
    this.#yieldMs = yieldMs;
  }

  get size(): number {
    return this.#held.size;
  }

  get(id: string): Session | undefined {
    return this.#held.get(id)?.session;
  }

  add(id: string, owner: string, session: Session): void {
    this.#held.set(id, { session, owner });
  }

  delete(id: string): void {
    this.#held.delete(id);
  }

  /** Calls under way in all sessions of that owner. */
  underWayOf(owner: string): number {
    let count = 0;
    for (const held of this.#held.values()) if (held.owner === owner) count += held.session.underWay;
    return count;
  }

  endAll(): void {
    for (const { session } of this.#held.values()) void session.end();
  }

  /**
   * Ends the session that was not used for longest, of whoever has most of them. One who has at least two more than this
   * caller gives one up at once, so that nobody can keep others out; else it must have been left alone for long enough, and
   * who has no more than this caller gives none. False where there is no such session.
   */
  async makeRoom(owner: string): Promise<boolean> {
    const counts = this.#count();
    const own = counts.get(owner) ?? 0;
    const until = performance.now() - this.#yieldMs;
    let found: { readonly session: Session; readonly count: number; readonly since: number } | null = null;
    for (const held of this.#held.values()) {
      const count = counts.get(held.owner) ?? 0;
      const since = held.session.idleSince ?? null;
      if (since === null || (held.owner !== owner && count <= own)) continue;
      if (count < own + 2 && since > until) continue;
      if (found === null || count > found.count || (count === found.count && since < found.since))
        found = { session: held.session, count, since };
    }
    await found?.session.end();
    return found !== null;
  }

  #count(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { owner, session } of this.#held.values())
      if (session.idleSince !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    return counts;
  }
}
