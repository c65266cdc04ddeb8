import type { Awaitable, TrailQuery, TrailReading, TrailStore } from '../../core/store.ts';
import { createTrailFilter } from '../trail-filter.ts';
import { DEFAULT_LIMIT } from '../trail-lines.ts';
import { attempt } from './failure.ts';
import { LONGEST_WAIT_MS, patiently } from './patience.ts';
import { pruneTrail, toDay } from './prune-trail.ts';
import { createSealChain } from './seal-chain.ts';
import { SEAL_START } from './seal.ts';
import { checkRoom } from './trail-room.ts';
import { createSegmentWriter } from './trail-segment.ts';
import { listSegments, readSegment, SEGMENT_SPAN } from './trail-segments.ts';
import { verifyTrail } from './verify-trail.ts';

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
    read: (query) => attempt(folder, () => readBack(folder, query)),
    prune: (before, now) => askPatiently(() => pruneTrail(folder, before, now, chain)),
    verify: () => askPatiently(() => verifyTrail(folder, seals, chain, key)),
    async close() {
      await writer.close();
      chain.close();
    },
  };
}

/**
 * From the end backwards, so that the newest lines of a long trail come at once, and down to `after`, so that who follows
 * one reads what is new and nothing else.
 */
function readBack(folder: string, query: TrailQuery): TrailReading {
  const { after = 0, since, limit = DEFAULT_LIMIT } = query;
  const isWanted = createTrailFilter(query);
  const found: Row[] = [];
  let end: number | null = null;
  for (const segment of listSegments(folder).toReversed()) {
    const from = Math.max(after, segment.index * SEGMENT_SPAN);
    if (from >= (segment.index + 1) * SEGMENT_SPAN) break;
    // Days need not follow each other: a clock that ran ahead may have been set back. The newest says where the trail ends.
    if (end !== null && since !== undefined && segment.day < toDay(since)) continue;
    const bytes = readSegment(segment, from % SEGMENT_SPAN);
    if (bytes === null) continue;
    let lineEnd = bytes.lastIndexOf(0x0a);
    end ??= from + lineEnd + 1;
    while (lineEnd > 0 && found.length < limit) {
      const start = bytes.lastIndexOf(0x0a, lineEnd - 1) + 1;
      const row = readRow(bytes, start, lineEnd, from);
      if (!row.json.startsWith(SEAL_START) && isWanted(row.json)) found.push(row);
      lineEnd = start - 1;
    }
    if (found.length >= limit) break;
  }
  return { records: found.toReversed(), end: end ?? after };
}

/** `first` is the number of the first of these bytes. */
function readRow(bytes: Buffer, start: number, end: number, first: number): Row {
  return { seq: first + end + 1, json: bytes.toString('utf8', start, end) };
}
