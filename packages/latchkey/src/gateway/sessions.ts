import { ownerOf, type Principal } from '../core/principal.ts';
import { createUnansweredLists, type UnansweredLists } from '../lock/unanswered-lists.ts';
import type { ProtectedServer } from './exchange.ts';
import { createOpenSessions, type OpenSession } from './open-sessions.ts';
import { createSeal } from './seal.ts';

// A quarter of what all headers of a request may have; servers put tokens of 1 KiB and more there.
const MAX_ID_LENGTH = 4096;
const LONGEST_STEP_MS = 10_000;

/**
 * Sessions of the 2025 revisions. The upstream's id is sealed with the principal as `id.mac`, so any node can check
 * whose it is (MCP security best practices, Session Hijacking); the table only counts and ends them.
 */
export interface Sessions {
  /** Seals an upstream's new id. */
  open(server: ProtectedServer, principal: Principal, upstreamId: string, now: number): string;
  /** The upstream's id, or null when the sealed one is not this principal's, not this server's, or ended. */
  unseal(server: ProtectedServer, principal: Principal, sealed: string, now: number): string | null;
  /** Null where it is not open. */
  listsOf(sealed: string): UnansweredLists | null;
  end(sealed: string): void;
  /** Ends it, and tells the upstream. */
  close(sealed: string): void;
  countOf(principal: Principal): number;
  /**
   * Ends the one of that principal's that was not used for longest, telling its upstream, and gives 0. Where none was left
   * alone for as long as it takes to give up its place: the milliseconds until one was; null while all are in use.
   */
  makeRoom(principal: Principal, now: number, busy: (sealed: string) => boolean): number | null;
  /**
   * Ends what was idle for longer than allowed, telling the upstreams. One with a request still open is not idle. To be
   * called a few times a second: when the time between two calls is out of the ordinary, all count as just seen.
   */
  reap(now: number, busy: (sealed: string) => boolean): void;
}

function toSession(named: Pick<OpenSession, 'upstreamId' | 'owner' | 'server'>, now: number): OpenSession {
  return { ...named, lists: createUnansweredLists(), lastSeen: now };
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
  const open = createOpenSessions();
  let reapedAt = Number.NaN;

  const close = (sealed: string): void => {
    const session = open.end(sealed);
    session?.server.upstream.endSession(session.upstreamId);
  };

  return {
    open(server, principal, upstreamId, now) {
      const owner = ownerOf(principal);
      const sealed = ids.seal({ server, owner }, upstreamId);
      if (open.get(sealed) === undefined) open.add(sealed, toSession({ upstreamId, owner, server }, now));
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
      if (sealed.length > MAX_ID_LENGTH || open.hasEnded(sealed)) return null;
      const upstreamId = ids.unseal({ server, owner }, sealed);
      if (upstreamId === null || upstreamId === '') return null;
      // Sealed by this gateway before a restart, or by another node.
      open.add(sealed, toSession({ upstreamId, owner, server }, now));
      return upstreamId;
    },
    listsOf: (sealed) => open.get(sealed)?.lists ?? null,
    end: (sealed) => void open.end(sealed),
    close,
    countOf: (principal) => open.of(ownerOf(principal)).size,
    makeRoom(principal, now, busy) {
      let [longest, since] = ['', Infinity];
      for (const sealed of open.of(ownerOf(principal))) {
        const { lastSeen } = open.get(sealed) as OpenSession;
        if (lastSeen < since && !busy(sealed)) [longest, since] = [sealed, lastSeen];
      }
      if (longest === '') return null;
      // A clock that was set back must not make anybody wait for longer.
      const waitMs = Math.min(sessionYieldMs, Math.max(0, since + sessionYieldMs - now));
      if (waitMs === 0) close(longest);
      return waitMs;
    },
    reap(now, busy) {
      // A clock that was set, or a machine that slept, says nothing of how long a session was idle.
      const jumped = Math.abs(now - reapedAt) > LONGEST_STEP_MS;
      reapedAt = now;
      for (const [sealed, session] of open) {
        if (!jumped && now - session.lastSeen < sessionIdleMs) continue;
        if (jumped || busy(sealed)) session.lastSeen = now;
        else close(sealed);
      }
    },
  };
}
