import { readFileSync, unlinkSync } from 'node:fs';
import type { Awaitable, TrailQuery, TrailReading, TrailStore } from '../../core/store.ts';
import { attempt } from './failure.ts';
import { LONGEST_WAIT_MS, patiently } from './patience.ts';
import { createSealChain, type SealChain } from './seal-chain.ts';
import { countRecords, firstSealIn } from './sealed-batches.ts';
import { checkRoom } from './trail-room.ts';
import { createSegmentWriter } from './trail-segment.ts';
import { listSegments, readSegment, SEGMENT_SPAN } from './trail-segments.ts';
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
  /** Throws where the store is not at its place any more: then neither is its trail. */
  readonly confirmStore: () => void;
}

interface FileTrailStore extends TrailStore {
  /**
   * Appends at once, or fails with E_STORE_LOCKED. `commit` is called when the lines are written; where it throws they are
   * taken back.
   */
  appendNow(lines: Uint8Array, commit: () => void): void;
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
export function createTrailStore({ folder, seals, key, busyTimeoutMs, confirmStore }: TrailFiles): FileTrailStore {
  const chain = createSealChain(seals);
  const writer = createSegmentWriter(folder, chain, key);
  const ask = <T>(work: () => T): T =>
    attempt(folder, () => {
      confirmStore();
      return work();
    });
  const askPatiently = <T>(work: () => T): Awaitable<T> =>
    patiently(() => ask(work), Math.min(busyTimeoutMs, LONGEST_WAIT_MS));
  return {
    append: (lines) => askPatiently(() => writer.append(lines)),
    appendNow: (lines, commit) => ask(() => writer.append(lines, commit)),
    async check() {
      ask(chain.confirm);
      await checkRoom(folder);
    },
    read: (query) =>
      attempt(folder, () =>
        query.after === undefined ? readNewest(folder, query) : readAfter(folder, query.after, query),
      ),
    prune: (before) => askPatiently(() => prune(folder, before, chain)),
    verify: () => askPatiently(() => verifyTrail(folder, seals, chain, key)),
    async close() {
      await writer.close();
      chain.close();
    },
  };
}

/** From the end backwards, so that the newest lines of a long trail come at once. */
function readNewest(folder: string, query: TrailQuery): TrailReading {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const found: Row[] = [];
  let end: number | null = null;
  for (const segment of listSegments(folder).toReversed()) {
    // Days need not follow each other: a clock that ran ahead may have been set back. The newest says where the trail ends.
    if (end !== null && query.since !== undefined && segment.day < toDay(query.since)) continue;
    const bytes = readSegment(segment, 0);
    const first = segment.index * SEGMENT_SPAN;
    let lineEnd = bytes.lastIndexOf(0x0a);
    end ??= first + lineEnd + 1;
    while (lineEnd > 0 && found.length < limit) {
      const start = bytes.lastIndexOf(0x0a, lineEnd - 1) + 1;
      const row = readRow(bytes, start, lineEnd, first);
      if (matches(row.json, query)) found.push(row);
      lineEnd = start - 1;
    }
    if (found.length >= limit) break;
  }
  return { records: found.toReversed(), end: end ?? 0 };
}

/** From that place on, so that who follows a long trail reads what is new and nothing else. */
function readAfter(folder: string, after: number, query: TrailQuery): TrailReading {
  const found: Row[] = [];
  let end = after;
  for (const segment of listSegments(folder)) {
    const from = Math.max(after, segment.index * SEGMENT_SPAN);
    if (from >= (segment.index + 1) * SEGMENT_SPAN) continue;
    const bytes = readSegment(segment, from % SEGMENT_SPAN);
    let start = 0;
    for (let lineEnd = bytes.indexOf(0x0a); lineEnd !== -1; lineEnd = bytes.indexOf(0x0a, start)) {
      const row = readRow(bytes, start, lineEnd, from);
      if (matches(row.json, query)) found.push(row);
      start = lineEnd + 1;
    }
    end = from + start;
  }
  return { records: found.slice(Math.max(0, found.length - (query.limit ?? DEFAULT_LIMIT))), end };
}

/** `first` is the number of the first of these bytes. */
function readRow(bytes: Buffer, start: number, end: number, first: number): Row {
  return { seq: first + end + 1, json: bytes.toString('utf8', start, end) };
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
