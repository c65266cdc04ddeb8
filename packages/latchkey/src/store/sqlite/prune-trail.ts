import { rmSync } from 'node:fs';
import type { SealChain } from './seal-chain.ts';
import { countRecords, firstSealIn } from './sealed-batches.ts';
import { listSegments, readSegment, type Segment } from './trail-segments.ts';

/** Whole days only: a file that may still be written to is never rewritten. The chain then begins later. */
export function pruneTrail(folder: string, before: number, now: number, chain: SealChain): number {
  const segments = listSegments(folder);
  const old = countOld(segments, toDay(before), toDay(now));
  if (old === 0) return 0;
  const first = firstSealOf(segments.slice(old));
  chain.move((head) => (head === null ? null : { ...head, first: first ?? head.number + 1 }));
  return segments.slice(0, old).reduce((removed, segment) => {
    const bytes = readSegment(segment, 0);
    // Another process may prune too, or a collector take it away.
    rmSync(segment.path, { force: true });
    return removed + (bytes === null ? 0 : countRecords(bytes));
  }, 0);
}

/** How many of the first segments are of days before `day`. */
function countOld(segments: readonly Segment[], day: string, today: string): number {
  let old = 0;
  for (const [index, segment] of segments.slice(0, -1).entries()) {
    // Of a clock that ran ahead: its lines are older than those of the next one, and go with them.
    if (segment.day > today) continue;
    if (segment.day >= day) break;
    old = index + 1;
  }
  return old;
}

function firstSealOf(segments: readonly Segment[]): number | null {
  for (const segment of segments) {
    const bytes = readSegment(segment, 0);
    const first = bytes === null ? null : firstSealIn(bytes);
    if (first !== null) return first;
  }
  return null;
}

/** The day (UTC) of a time in epoch milliseconds. */
export function toDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
