import type { Principal } from '../core/principal.ts';
import { createAnswersUnderWay, type AnswersUnderWay, type EndsOptions } from '../lock/answers-under-way.ts';
import { networkOf } from '../lock/network.ts';
import type { Exchange } from './exchange.ts';
import { cutUnread } from './unread.ts';

/** Requests that are being answered. */
export interface OpenExchanges extends AnswersUnderWay<Exchange> {
  /** Open streams of a principal, whichever of its credentials opened them. */
  streamsOf(principal: Principal): number;
  /** Open streams from the network of an address (`networkOf`), whoever opened them. */
  streamsFrom(address: string): number;
  /** Whether a request of this (sealed) session is being answered. */
  inSession(sealed: string): boolean;
  /** Cuts those of a principal that leaves too much unread. To be called a few times a second. */
  cutUnread(): void;
}

type Ends = Omit<EndsOptions<Exchange>, 'cut' | 'now'>;

/** `unreadBytes`: of one principal, all its answers together. */
export function createOpenExchanges({ unreadBytes, ...ends }: Ends & { readonly unreadBytes: number }): OpenExchanges {
  const open = createAnswersUnderWay<Exchange>({ ...ends, now: Date.now, cut: ({ answer }) => answer?.abort() });
  const byPrincipal = new Map<string, number>();
  const byNetwork = new Map<string, number>();
  const count = ({ stream, principal, address }: Exchange, step: 1 | -1): void => {
    if (!stream || principal === null) return;
    addTo(byPrincipal, principal.id, step);
    addTo(byNetwork, networkOf(address), step);
  };
  return {
    add(exchange) {
      open.add(exchange);
      count(exchange, 1);
    },
    remove(exchange) {
      const removed = open.remove(exchange);
      if (removed) count(exchange, -1);
      return removed;
    },
    get size() {
      return open.size;
    },
    streamsOf: ({ id }) => byPrincipal.get(id) ?? 0,
    streamsFrom: (address) => byNetwork.get(networkOf(address)) ?? 0,
    inSession: (sealed) =>
      open.toArray().some(({ headers, sessionId }) => sessionId !== null && headers.sessionId === sealed),
    cutUnread: () => cutUnread(open.toArray(), unreadBytes),
    toArray: () => open.toArray(),
  };
}

/** Counts what there is of each key; what there is none of takes no room. */
function addTo(counts: Map<string, number>, key: string, step: 1 | -1): void {
  const next = (counts.get(key) ?? 0) + step;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}
