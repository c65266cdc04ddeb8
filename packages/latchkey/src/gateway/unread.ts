import type { Exchange } from './exchange.ts';

// An answer below this is not worth a look: a kernel takes that much from anybody.
const SMALL_BYTES = 64 * 1024;

/** Cuts answers of principals that leave more than `most` bytes unread, largest first, until it is less or but one. */
export function cutUnread(open: readonly Exchange[], most: number): void {
  const unread = open.filter((exchange) => exchange.principal !== null && sizeOf(exchange) > SMALL_BYTES);
  if (unread.length === 0) return;
  for (const exchanges of Map.groupBy(unread, ({ principal }) => principal?.id).values()) {
    let sum = exchanges.reduce((bytes, exchange) => bytes + sizeOf(exchange), 0);
    for (const exchange of exchanges.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, -1)) {
      if (sum <= most) break;
      sum -= sizeOf(exchange);
      exchange.answer?.abort();
    }
  }
}

function sizeOf({ answer }: Exchange): number {
  return answer?.unread ?? 0;
}
