import type { Exchange } from './exchange.ts';

// An answer below this is not worth a look: a kernel takes that much from anybody.
const SMALL_BYTES = 64 * 1024;

/** Cuts answers of principals that leave more than `most` bytes unread, largest first, until it is less or but one. */
export function cutUnread(open: readonly Exchange[], most: number): void {
  const unread = open.filter(({ response, principal }) => principal !== null && response.writableLength > SMALL_BYTES);
  if (unread.length === 0) return;
  for (const exchanges of Map.groupBy(unread, ({ principal }) => principal?.id).values()) {
    let sum = exchanges.reduce((bytes, { response }) => bytes + response.writableLength, 0);
    for (const { response, answer } of exchanges.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, -1)) {
      if (sum <= most) break;
      sum -= response.writableLength;
      answer?.abort();
    }
  }
}

function sizeOf({ response }: Exchange): number {
  return response.writableLength;
}
