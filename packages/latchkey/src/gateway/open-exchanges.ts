import type { Principal } from '../core/principal.ts';
import { SlotList } from '../core/slot-list.ts';
import type { Awaitable } from '../core/store.ts';
import { networkOf } from '../lock/network.ts';
import type { Exchange, ProtectedServer } from './exchange.ts';
import { cutUnread } from './unread.ts';

/** How often streams are held against the store: a quarter of the second that revocation may take. */
export const SWEEP_MS = 250;
/** How often streams of foreign issuers' tokens are held against what the issuers say. */
const FOREIGN_MS = 2000;

/** Requests that are being answered; ends those whose credential ended (revoked, rotated away or expired). */
export interface OpenExchanges {
  add(exchange: Exchange): void;
  remove(exchange: Exchange): void;
  readonly size: number;
  /** Open streams of a principal, whichever of its credentials opened them. */
  streamsOf(principal: Principal): number;
  /** Open streams from the network of an address (`networkOf`), whoever opened them. */
  streamsFrom(address: string): number;
  /** Requests outside of sessions that this server is answering under this id. */
  callsWith(server: ProtectedServer | null, id: unknown): readonly Exchange[];
  /** Whether a request of this (sealed) session is being answered. */
  inSession(sealed: string): boolean;
  /**
   * Cuts every exchange whose credential no longer holds at `now`, and those of a principal that leaves too much unread.
   * To be called a few times a second. Rejects where the store could not be read, after what is known was done.
   */
  sweep(now: number): Promise<void>;
  /** All of them, to be told that the gateway stops. */
  toArray(): readonly Exchange[];
}

interface Watch {
  readonly version: () => Awaitable<number>;
  readonly endOf: (principal: Principal) => Awaitable<number | null>;
  /** Of one principal, all its answers together. */
  readonly unreadBytes: number;
}

export function createOpenExchanges({ version, endOf, unreadBytes }: Watch): OpenExchanges {
  const open = new SlotList<Exchange>();
  const byPrincipal = new Map<string, number>();
  const byNetwork = new Map<string, number>();
  let foreignAt = Number.NEGATIVE_INFINITY;

  const count = (exchange: Exchange, step: 1 | -1): void => {
    if (!exchange.stream || exchange.principal === null) return;
    addTo(byPrincipal, exchange.principal.id, step);
    addTo(byNetwork, networkOf(exchange.address), step);
  };

  // What was added since the last look was judged by an older version, perhaps.
  const refresh = async (current: number): Promise<void> => {
    const ends = new Map<string, number | null>();
    for (const exchange of open.toArray()) {
      const { principal } = exchange;
      if (exchange.heldAgainst === current || principal === null || principal.credentialId === null) continue;
      const known = ends.get(principal.credentialId);
      exchange.endsAt = known === undefined ? await endOf(principal) : known;
      exchange.heldAgainst = current;
      ends.set(principal.credentialId, exchange.endsAt);
    }
  };

  // Their issuers do not tell us of what they take back: they are asked from time to time.
  const refreshForeign = async (): Promise<void> => {
    for (const exchange of open.toArray()) {
      const { principal } = exchange;
      if (principal !== null && principal.issuer !== null && (await endOf(principal)) === 0) exchange.endsAt = 0;
    }
  };

  const look = async (now: number): Promise<void> => {
    await refresh(await version());
    if (Math.abs(now - foreignAt) < FOREIGN_MS) return;
    foreignAt = now;
    await refreshForeign();
  };

  return {
    add(exchange) {
      exchange.endsAt = exchange.principal?.expiresAt ?? null;
      open.add(exchange);
      count(exchange, 1);
    },
    remove(exchange) {
      if (open.remove(exchange)) count(exchange, -1);
    },
    get size() {
      return open.size;
    },
    streamsOf: (principal) => byPrincipal.get(principal.id) ?? 0,
    streamsFrom: (address) => byNetwork.get(networkOf(address)) ?? 0,
    callsWith: (server, id) =>
      open.toArray().filter((other) => other.server === server && other.sessionId === null && isCall(other, id)),
    inSession: (sealed) =>
      open.toArray().some(({ headers, sessionId }) => sessionId !== null && headers.sessionId === sealed),
    async sweep(now) {
      if (open.size === 0) return;
      try {
        await look(now);
      } finally {
        // What ends by itself ends whether or not anybody can be asked.
        for (const exchange of open.toArray())
          if (exchange.endsAt !== null && exchange.endsAt <= now) exchange.answer?.abort();
        cutUnread(open.toArray(), unreadBytes);
      }
    },
    toArray: () => open.toArray(),
  };
}

function addTo(counts: Map<string, number>, key: string, step: 1 | -1): void {
  const next = (counts.get(key) ?? 0) + step;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}

function isCall({ message }: Exchange, id: unknown): boolean {
  return message?.kind === 'request' && message.id !== null && JSON.parse(message.id) === id;
}
