import { readFileSync, unlinkSync } from 'node:fs';
import type { TrailQuery, TrailStore } from '../../core/store.ts';
import { attempt } from './failure.ts';
import { createSealChain, type SealChain } from './seal-chain.ts';
import { countRecords, firstSealIn } from './sealed-batches.ts';
import { checkRoom } from './trail-room.ts';
import { createSegmentWriter } from './trail-segment.ts';
import { listSegments, SEGMENT_SPAN, type Segment } from './trail-segments.ts';
import { verifyTrail } from './verify-trail.ts';

const DEFAULT_LIMIT = 1000;

const SEAL = '{"seal":';

export interface TrailFiles {
  readonly folder: string;
  /** The file that knows where the chain of seals ends. */
  readonly seals: string;
  /** What records are sealed with, a secret of the store. */
  readonly key: string;
  readonly busyTimeoutMs: number;
}

interface FileTrailStore extends TrailStore {
  append(lines: Uint8Array): void;
  close(): Promise<void>;
}

interface Row {
  readonly seq: number;
  readonly json: string;
}

/**
 * `TrailStore` over files of JSON lines in a folder of their own, one or more for each day (UTC). A row of a database
 * costs ten times as much as a line of a file, and every log collector reads these. A line's number is where it ends.
 */
export function createTrailStore({ folder, seals, key, busyTimeoutMs }: TrailFiles): FileTrailStore {
  const chain = createSealChain(seals, busyTimeoutMs);
  const writer = createSegmentWriter(folder, chain, key);
  return {
    append: (lines) => attempt(folder, () => writer.append(lines)),
    check: () => checkRoom(folder),
    read: (query) =>
      attempt(folder, () =>
        query.after === undefined ? readNewest(folder, query) : readAfter(folder, query.after, query),
      ),
    prune: (before) => attempt(folder, () => prune(folder, before, chain)),
    verify: () => attempt(folder, () => verifyTrail(folder, seals, chain, key)),
    async close() {
      await writer.close();
      chain.close();
    },
  };
}

/** From the end backwards, so that the newest lines of a long trail come at once. */
function readNewest(folder: string, query: TrailQuery): readonly Row[] {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const found: Row[] = [];
  for (const segment of listSegments(folder).toReversed()) {
    // Days need not follow each other: a clock that ran ahead may have been set back.
    if (query.since !== undefined && segment.day < toDay(query.since)) continue;
    const bytes = readFileSync(segment.path);
    let end = bytes.lastIndexOf(0x0a);
    while (end > 0 && found.length < limit) {
      const start = bytes.lastIndexOf(0x0a, end - 1) + 1;
      const row = readRow(bytes, start, end, segment);
      if (matches(row.json, query)) found.push(row);
      end = start - 1;
    }
    if (found.length >= limit) break;
  }
  return found.toReversed();
}

function readAfter(folder: string, after: number, query: TrailQuery): readonly Row[] {
  const [first, from] = [Math.floor(after / SEGMENT_SPAN), after % SEGMENT_SPAN];
  const found: Row[] = [];
  for (const segment of listSegments(folder)) {
    if (segment.index < first) continue;
    const bytes = readFileSync(segment.path);
    let start = segment.index === first ? from : 0;
    for (let end = bytes.indexOf(0x0a, start); end !== -1; end = bytes.indexOf(0x0a, start)) {
      const row = readRow(bytes, start, end, segment);
      if (matches(row.json, query)) found.push(row);
      start = end + 1;
    }
  }
  return found.slice(Math.max(0, found.length - (query.limit ?? DEFAULT_LIMIT)));
}

function readRow(bytes: Buffer, start: number, end: number, { index }: Segment): Row {
  return { seq: index * SEGMENT_SPAN + end + 1, json: bytes.toString('utf8', start, end) };
}

/** A line that a crash cut short is no record, and no reason to show none. */
function matches(json: string, { since, decision }: TrailQuery): boolean {
  if (json.startsWith(SEAL)) return false;
  try {
    const record = JSON.parse(json) as { readonly time?: string; readonly decision?: string };
    return (
      (since === undefined || Date.parse(record.time ?? '') >= since) &&
      (decision === undefined || record.decision === decision)
    );
  } catch {
    return false;
  }
}

/** Whole days only: a file that may still be written to is never rewritten. The chain then begins later. */
function prune(folder: string, before: number, chain: SealChain): number {
  const segments = listSegments(folder);
  const kept = segments.findIndex((segment, index) => index === segments.length - 1 || segment.day >= toDay(before));
  const old = segments.slice(0, Math.max(0, kept));
  if (old.length === 0) return 0;
  const first = firstSealIn(readFileSync(segments[kept]!.path));
  chain.move((head) => (head === null || first === null ? head : { ...head, first }));
  return old.reduce((removed, { path }) => {
    const records = countRecords(readFileSync(path));
    unlinkSync(path);
    return removed + records;
  }, 0);
}

function toDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
