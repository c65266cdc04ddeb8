import { ownerOf, type Principal } from '../core/principal.ts';
import { createUnansweredLists, type UnansweredLists } from './unanswered-lists.ts';

const MOST = 10_000;
const YIELD_MS = 60_000;

interface Session {
  readonly owner: string;
  readonly lists: UnansweredLists;
  lastSeen: number;
}

/**
 * Whose each session of the server is (MCP security best practices, Session Hijacking). A session that is not known here
 * is nobody's: its client has to initialize again. Past 10,000 the one that was used longest ago is forgotten.
 */
export interface SessionOwners {
  open(id: string, principal: Principal, now: number): void;
  /** Whether it is that principal's; then it was just used. */
  isOwn(id: string, principal: Principal, now: number): boolean;
  /** Null where it is not known. */
  listsOf(id: string): UnansweredLists | null;
  end(id: string): void;
  countOf(principal: Principal): number;
  /**
   * Forgets the one of that principal's that was not used for longest, and gives 0; where each was used within a minute, the
   * milliseconds until one was not. One with a request still open is in use.
   */
  makeRoom(principal: Principal, now: number, isBusy: (id: string) => boolean): number;
}

const OWNERS = new WeakMap<object, SessionOwners>();

/** Those of a lock, for each of its guards; one for routes alone has none. */
export function sessionsOf(lock: object): SessionOwners {
  const known = OWNERS.get(lock);
  if (known !== undefined) return known;
  const owners = createSessionOwners();
  OWNERS.set(lock, owners);
  return owners;
}

export function createSessionOwners(): SessionOwners {
  const sessions = new Map<string, Session>();
  const counts = new Map<string, number>();

  const end = (id: string): void => {
    const owner = sessions.get(id)?.owner;
    if (owner === undefined) return;
    sessions.delete(id);
    const left = (counts.get(owner) as number) - 1;
    if (left === 0) counts.delete(owner);
    else counts.set(owner, left);
  };

  /** Of those that may be ended, the one that was used longest ago, and when. */
  const findOldest = (now: number, mayEnd: (id: string, session: Session) => boolean): readonly [string, number] => {
    let [oldest, seen] = ['', Infinity];
    for (const [id, session] of sessions) {
      // The clock may have been set back.
      if (session.lastSeen > now) session.lastSeen = now;
      if (session.lastSeen <= seen && mayEnd(id, session)) [oldest, seen] = [id, session.lastSeen];
    }
    return [oldest, seen];
  };

  return {
    open(id, principal, now) {
      end(id);
      if (sessions.size >= MOST) end(findOldest(now, () => true)[0]);
      const owner = ownerOf(principal);
      sessions.set(id, { owner, lists: createUnansweredLists(), lastSeen: now });
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    },
    isOwn(id, principal, now) {
      const session = sessions.get(id);
      if (session?.owner !== ownerOf(principal)) return false;
      session.lastSeen = now;
      return true;
    },
    listsOf: (id) => sessions.get(id)?.lists ?? null,
    end,
    countOf: (principal) => counts.get(ownerOf(principal)) ?? 0,
    makeRoom(principal, now, isBusy) {
      const owner = ownerOf(principal);
      const [oldest, seen] = findOldest(now, (id, session) => session.owner === owner && !isBusy(id));
      // Where each is busy, that is all that can be said.
      const waitMs = Math.min(YIELD_MS, seen + YIELD_MS - now);
      if (waitMs > 0) return waitMs;
      end(oldest);
      return 0;
    },
  };
}
