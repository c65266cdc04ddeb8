import type { Principal } from '../core/principal.ts';
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
  const open = new Map<Exchange, number | null>();
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
    for (const exchange of open.keys()) {
      const { principal } = exchange;
      if (principal?.credentialId === null || principal === null) continue;
      const known = ends.get(principal.credentialId);
      const end = known === undefined ? await endOf(principal) : known;
      ends.set(principal.credentialId, end);
      if (open.has(exchange)) open.set(exchange, end);
    }
  };

  return {
    add(exchange) {
      open.set(exchange, exchange.principal?.expiresAt ?? null);
      count(exchange, 1);
    },
    remove(exchange) {
      if (open.delete(exchange)) count(exchange, -1);
    },
    get size() {
      return open.size;
    },
    streamsOf: (principal) => streams.get(principal.id) ?? 0,
    inSession(sealed) {
      for (const { headers, sessionId } of open.keys())
        if (sessionId !== null && headers.sessionId === sealed) return true;
      return false;
    },
    async sweep(now) {
      if (open.size === 0) return;
      const current = await version();
      if (current !== seen) {
        await refresh();
        seen = current;
      }
      for (const [exchange, end] of open) if (end !== null && end <= now) exchange.answer?.abort();
    },
    cutAll() {
      for (const exchange of open.keys()) exchange.answer?.abort();
    },
  };
}
