import {
  close as closeFile,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  openSync,
  statSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { noLines } from '../trail-lines.ts';
import { attempt } from './failure.ts';
import { makeFile, prepareFolder } from './folder.ts';
import { formatSeal } from './seal.ts';
import type { Head, SealChain } from './seal-chain.ts';
import { readBatches } from './sealed-batches.ts';
import { listSegments, nextSegment, readSegment, type Segment } from './trail-segments.ts';

const { O_APPEND, O_NOFOLLOW, O_RDWR } = constants;
const MAX_BYTES = 64 * 2 ** 20;
const SYNC_EVERY_MS = 5000;
const LINE_HEAD = '{"time":"';
const DAY_END = LINE_HEAD.length + 'YYYY-MM-DD'.length;

interface OpenSegment {
  readonly file: number;
  readonly segment: Segment;
}

/**
 * Appends to the newest segment, each batch with its seal in one write, and begins another when the day changes or the
 * file is full. What was appended survives the end of the process at once, and that of the machine once it was synced:
 * every 5 s, off this thread. Syncing each batch cost a tenth of a request.
 */
export function createSegmentWriter(
  folder: string,
  chain: SealChain,
  key: string,
): { append(lines: Uint8Array, commit?: () => void): void; close(): Promise<void> } {
  let open: OpenSegment | null = null;
  let syncedAt = -Infinity;
  let syncError: Error | null = null;

  // One after the other: a file that is still being synced must not be closed.
  let working: Promise<void> = Promise.resolve();
  const work = (act: typeof fdatasync, file: number): void => {
    working = working.then(
      () =>
        new Promise((resolve) => {
          act(file, (error) => {
            syncError ??= error;
            resolve();
          });
        }),
    );
  };

  const leave = (): void => {
    if (open === null) return;
    work(fdatasync, open.file);
    work(closeFile, open.file);
    open = null;
  };

  /** Opens the segment for these lines and settles what a process left that ended while writing. */
  const find = (
    head: Head | null,
    day: string,
    size: number,
  ): { readonly last: Head | null; readonly at: OpenSegment } => {
    if (open !== null && open.segment.index === head?.segment && fits(open, day, size, head.size))
      return { last: head, at: open };
    if (!existsSync(folder)) prepareFolder(folder);
    const last = head === null ? null : sealRest(folder, head, key);
    leave();
    return { last, at: (open = openSegment(folder, day, size, last)) };
  };

  const appendAfter = (head: Head | null, lines: Uint8Array): { readonly next: Head; readonly undo: () => void } => {
    const { last, at } = find(head, dayOf(lines), lines.length);
    const number = (last?.number ?? 0) + 1;
    const seal = formatSeal(key, lines, { number, prev: last?.mac ?? '', unsealed: false });
    const before = fstatSync(at.file).size;
    writeWhole(at.file, [lines, seal.line], before);
    const size = before + lines.length + seal.line.length;
    return {
      next: { number, mac: seal.mac, segment: at.segment.index, size, first: last?.first ?? number },
      undo: () => truncate(at.file, size, before),
    };
  };

  return {
    /** What `commit` commits is what the lines tell of: where it throws they are taken back, while nobody can append. */
    append(lines, commit) {
      const failed = syncError;
      syncError = null;
      if (failed !== null) throw failed;
      let undo: (() => void) | null = null;
      let committed = false;
      try {
        chain.move((head) => {
          const appended = attempt(folder, () => appendAfter(head, lines));
          ({ undo } = appended);
          try {
            commit?.();
          } catch (error) {
            undo = null;
            appended.undo();
            throw error;
          }
          committed = commit !== undefined;
          return appended.next;
        });
      } catch (error) {
        // What is done is written down, and whoever appends next goes on behind it.
        if (committed) return;
        // The batch will come again, and would be there twice.
        (undo as (() => void) | null)?.();
        throw error;
      }
      const now = performance.now();
      if (now - syncedAt < SYNC_EVERY_MS || open === null) return;
      syncedAt = now;
      work(fdatasync, open.file);
    },
    async close() {
      leave();
      await working;
    },
  };
}

/** Of the newest line, so that no file has a line of a later day than its own: a batch may cross midnight. */
function dayOf(lines: Uint8Array): string {
  if (lines.at(-1) !== 0x0a) throw noLines();
  let day = parseDay(lines, 0);
  let newest = 0;
  for (let start = 0; start < lines.length; start = lines.indexOf(0x0a, start) + 1) {
    if (hasSameDay(lines, start, newest)) continue;
    const found = parseDay(lines, start);
    if (found > day) [day, newest] = [found, start];
  }
  return day;
}

// Letter by letter: this is done for each record, and a text of its own for each costs three times as much.
function hasSameDay(lines: Uint8Array, start: number, other: number): boolean {
  for (let at = 0; at < DAY_END; at += 1) if (lines[start + at] !== lines[other + at]) return false;
  return true;
}

function parseDay(lines: Uint8Array, start: number): string {
  const head = Buffer.from(lines.subarray(start, start + DAY_END)).toString('latin1');
  const day = head.slice(LINE_HEAD.length);
  if (head.startsWith(LINE_HEAD) && /^\d{4}-\d{2}-\d{2}$/.test(day)) return day;
  throw noLines(head);
}

/** False too when someone removed or moved the file, or wrote to it past the head of the chain. */
function fits({ file, segment }: OpenSegment, day: string, more: number, size: number): boolean {
  const found = fstatSync(file);
  const there = statSync(segment.path, { throwIfNoEntry: false });
  const same = there?.ino === found.ino && there.dev === found.dev;
  return same && segment.day === day && found.size === size && size + more <= MAX_BYTES;
}

/** The segment at the head of the chain while it fits, or one that is still empty; else a new one. */
function openSegment(folder: string, day: string, more: number, head: Head | null): OpenSegment {
  const last = listSegments(folder).at(-1);
  if (last !== undefined && last.day === day && last.index >= (head?.segment ?? 0)) {
    const found = { file: openToAppend(last.path), segment: last };
    if (fits(found, day, more, last.index === head?.segment ? head.size : 0)) return found;
    closeSync(found.file);
  }
  const segment = nextSegment(folder, day, Math.max(last?.index ?? 0, head?.segment ?? 0));
  return { file: openToAppend(segment.path), segment };
}

function openToAppend(path: string): number {
  const flags = O_RDWR | O_APPEND;
  if (!existsSync(path)) return makeFile(path, flags);
  const file = openSync(path, flags | (O_NOFOLLOW ?? 0));
  try {
    fchmodSync(file, 0o600);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/**
 * Goes over what stands behind the head: batches whose writer ended before it could move the head count; what has no seal
 * gets one that says so. Returns where the chain ends then.
 */
function sealRest(folder: string, head: Head, key: string): Head {
  let last = head;
  for (const segment of listSegments(folder)) {
    if (segment.index < last.segment) continue;
    const start = segment.index === last.segment ? last.size : 0;
    const rest = readSegment(segment, start);
    if (rest === null || rest.length === 0) continue;
    const { passed, end } = readBatches(key, rest, 0, last);
    last = { ...last, number: passed.number, mac: passed.mac ?? last.mac, segment: segment.index, size: start + end };
    if (end < rest.length) last = sealUnsealed(segment, rest.subarray(end), last, key);
  }
  return last;
}

function sealUnsealed(segment: Segment, rest: Buffer, last: Head, key: string): Head {
  const file = openToAppend(segment.path);
  try {
    // A line that was cut short ends here, so that it does not swallow the seal.
    const ending = rest.at(-1) === 0x0a ? Buffer.alloc(0) : Buffer.from('\n');
    const number = last.number + 1;
    const batch = Buffer.concat([rest, ending]);
    const { line, mac } = formatSeal(key, batch, { number, prev: last.mac, unsealed: true });
    const { size } = fstatSync(file);
    writeWhole(file, [ending, line], size);
    return { ...last, number, mac, size: size + ending.length + line.length };
  } finally {
    closeSync(file);
  }
}

/** All in one write, so that another process's lines never stand in between. */
function writeWhole(file: number, parts: readonly Uint8Array[], before: number): void {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  let written = 0;
  try {
    written = writevSync(file, parts);
    if (written < length) {
      const bytes = Buffer.concat(parts);
      while (written < length) written += writeSync(file, bytes, written);
    }
  } catch (error) {
    // Half a batch would be written twice.
    truncate(file, before + written, before);
    throw error;
  }
}

/** Lines that another process added meanwhile are left alone. */
function truncate(file: number, size: number, before: number): void {
  if (size > before && fstatSync(file).size === size) ftruncateSync(file, before);
}
