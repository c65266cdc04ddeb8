import { ownerOf, type Principal } from '../core/principal.ts';
import type { ProtectedServer } from './exchange.ts';
import { createSeal } from './seal.ts';

const MAX_ENDED = 10_000;
// A quarter of what all headers of a request may have; servers put tokens of 1 KiB and more there.
const MAX_ID_LENGTH = 4096;
const LONGEST_STEP_MS = 10_000;

interface Session {
  readonly upstreamId: string;
  readonly owner: string;
  readonly server: ProtectedServer;
  lastSeen: number;
}

/**
 * Sessions of the 2025 revisions. The upstream's id is sealed with the principal as `id.mac`, so any node can check
 * whose it is (MCP security best practices, Session Hijacking); the table only counts and ends them.
 */
export interface Sessions {
  /** Seals an upstream's new id. */
  open(server: ProtectedServer, principal: Principal, upstreamId: string, now: number): string;
  /** The upstream's id, or null when the sealed one is not this principal's, not this server's, or ended. */
  unseal(server: ProtectedServer, principal: Principal, sealed: string, now: number): string | null;
  end(sealed: string): void;
  /** Ends it, and tells the upstream. */
  close(sealed: string): void;
  countOf(principal: Principal): number;
  /**
   * Ends the one of that principal's that was not used for longest, telling its upstream. False where none was left alone
   * for as long as it takes to give up its place.
   */
  makeRoom(principal: Principal, now: number, busy: (sealed: string) => boolean): boolean;
  /**
   * Ends what was idle for longer than allowed, telling the upstreams. One with a request still open is not idle. To be
   * called a few times a second: when the time between two calls is out of the ordinary, all count as just seen.
   */
  reap(now: number, busy: (sealed: string) => boolean): void;
}

interface Holder {
  readonly server: ProtectedServer;
  readonly owner: string;
}

export function createSessions(
  sealKey: string,
  { sessionIdleMs, sessionYieldMs }: { readonly sessionIdleMs: number; readonly sessionYieldMs: number },
): Sessions {
  const ids = createSeal<Holder>(sealKey, ({ server, owner }, id) => `${server.name}\0${owner}\0${id}`);
  const open = new Map<string, Session>();
  const owned = new Map<string, Set<string>>();
  const ended = new Set<string>();
  let reapedAt = Number.NaN;

  const add = (sealed: string, session: Session): void => {
    open.set(sealed, session);
    owned.set(session.owner, (owned.get(session.owner) ?? new Set()).add(sealed));
  };

  const remove = (sealed: string): Session | null => {
    const session = open.get(sealed);
    if (ended.size >= MAX_ENDED) ended.delete(ended.values().next().value as string);
    ended.add(sealed);
    if (session === undefined) return null;
    open.delete(sealed);
    const left = owned.get(session.owner);
    left?.delete(sealed);
    if (left?.size === 0) owned.delete(session.owner);
    return session;
  };

  const close = (sealed: string): void => {
    const session = remove(sealed);
    session?.server.upstream.endSession(session.upstreamId);
  };

  return {
    open(server, principal, upstreamId, now) {
      const owner = ownerOf(principal);
      const sealed = ids.seal({ server, owner }, upstreamId);
      if (!open.has(sealed)) add(sealed, { upstreamId, owner, server, lastSeen: now });
      return sealed;
    },
    unseal(server, principal, sealed, now) {
      const owner = ownerOf(principal);
      const known = open.get(sealed);
      if (known !== undefined) {
        if (known.owner !== owner || known.server !== server) return null;
        known.lastSeen = now;
        return known.upstreamId;
      }
      if (sealed.length > MAX_ID_LENGTH || ended.has(sealed)) return null;
      const upstreamId = ids.unseal({ server, owner }, sealed);
      if (upstreamId === null || upstreamId === '') return null;
      // Sealed by this gateway before a restart, or by another node.
      add(sealed, { upstreamId, owner, server, lastSeen: now });
      return upstreamId;
    },
    end: remove,
    close,
    countOf: (principal) => owned.get(ownerOf(principal))?.size ?? 0,
    makeRoom(principal, now, busy) {
      let [longest, since] = ['', now - sessionYieldMs];
      for (const sealed of owned.get(ownerOf(principal)) ?? []) {
        const { lastSeen } = open.get(sealed) as Session;
        if (lastSeen <= since && !busy(sealed)) [longest, since] = [sealed, lastSeen];
      }
      if (longest === '') return false;
      close(longest);
      return true;
    },
    reap(now, busy) {
      // A clock that was set, or a machine that slept, says nothing of how long a session was idle.
      const jumped = Math.abs(now - reapedAt) > LONGEST_STEP_MS;
      reapedAt = now;
      for (const [sealed, session] of open) {
        if (!jumped && now - session.lastSeen < sessionIdleMs) continue;
        if (jumped || busy(sealed)) {
          session.lastSeen = now;
          continue;
        }
        close(sealed);
      }
    },
  };
}
