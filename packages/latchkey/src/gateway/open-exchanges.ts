import type { Principal } from '../core/principal.ts';
import { SlotList } from '../core/slot-list.ts';
import type { Awaitable } from '../core/store.ts';
import type { Exchange } from './exchange.ts';

/** How often streams are held against the store: a quarter of the second that revocation may take. */
export const SWEEP_MS = 250;

/** Requests that are being answered; ends those whose credential ended (revoked, rotated away or expired). */
export interface OpenExchanges {
  add(exchange: Exchange): void;
  remove(exchange: Exchange): void;
  readonly size: number;
  /** Open streams of a principal, whichever of its credentials opened them. */
  streamsOf(principal: Principal): number;
  /** Whether a request of this (sealed) session is being answered. */
  inSession(sealed: string): boolean;
  /** Cuts every exchange whose credential no longer holds at `now`. To be called a few times a second. */
  sweep(now: number): Promise<void>;
  cutAll(): void;
}

interface Watch {
  readonly version: () => Awaitable<number>;
  readonly endOf: (principal: Principal) => Awaitable<number | null>;
}

export function createOpenExchanges({ version, endOf }: Watch): OpenExchanges {
  const open = new SlotList<Exchange>();
  const streams = new Map<string, number>();
  let seen = -1;

  const count = (exchange: Exchange, step: 1 | -1): void => {
    if (!exchange.stream || exchange.principal === null) return;
    const { id } = exchange.principal;
    const next = (streams.get(id) ?? 0) + step;
    if (next === 0) streams.delete(id);
    else streams.set(id, next);
  };

  const refresh = async (): Promise<void> => {
    const ends = new Map<string, number | null>();
    for (const exchange of open.toArray()) {
      const { principal } = exchange;
      if (principal === null || principal.credentialId === null) continue;
      const known = ends.get(principal.credentialId);
      exchange.endsAt = known === undefined ? await endOf(principal) : known;
      ends.set(principal.credentialId, exchange.endsAt);
    }
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
    streamsOf: (principal) => streams.get(principal.id) ?? 0,
    inSession: (sealed) =>
      open.toArray().some(({ headers, sessionId }) => sessionId !== null && headers.sessionId === sealed),
    async sweep(now) {
      if (open.size === 0) return;
      const current = await version();
      if (current !== seen) {
        await refresh();
        seen = current;
      }
      for (const exchange of open.toArray())
        if (exchange.endsAt !== null && exchange.endsAt <= now) exchange.answer?.abort();
    },
    cutAll() {
      for (const exchange of open.toArray()) exchange.answer?.abort();
    },
  };
}
