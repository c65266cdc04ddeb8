import type { UnansweredLists } from '../lock/unanswered-lists.ts';
import type { ProtectedServer } from './exchange.ts';

const MAX_ENDED = 10_000;

export interface OpenSession {
  readonly upstreamId: string;
  readonly owner: string;
  readonly server: ProtectedServer;
  readonly lists: UnansweredLists;
  lastSeen: number;
}

/** The sessions that are open, by their sealed ids and by their owners, and the last 10,000 ids that ended. */
export interface OpenSessions extends Iterable<[sealed: string, session: OpenSession]> {
  get(sealed: string): OpenSession | undefined;
  add(sealed: string, session: OpenSession): void;
  /** Null for one that is not open; its id counts as ended all the same. */
  end(sealed: string): OpenSession | null;
  hasEnded(sealed: string): boolean;
  /** The sealed ids of an owner's. */
  of(owner: string): ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

export function createOpenSessions(): OpenSessions {
  const open = new Map<string, OpenSession>();
  const owned = new Map<string, Set<string>>();
  const ended = new Set<string>();

  const disown = (owner: string, sealed: string): void => {
    const left = owned.get(owner);
    left?.delete(sealed);
    if (left?.size === 0) owned.delete(owner);
  };

  return {
    get: (sealed) => open.get(sealed),
    add(sealed, session) {
      open.set(sealed, session);
      owned.set(session.owner, (owned.get(session.owner) ?? new Set()).add(sealed));
    },
    end(sealed) {
      const session = open.get(sealed) ?? null;
      if (ended.size >= MAX_ENDED) ended.delete(ended.values().next().value as string);
      ended.add(sealed);
      open.delete(sealed);
      if (session !== null) disown(session.owner, sealed);
      return session;
    },
    hasEnded: (sealed) => ended.has(sealed),
    of: (owner) => owned.get(owner) ?? NONE,
    [Symbol.iterator]: () => open.entries(),
  };
}
