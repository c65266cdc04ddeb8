import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { LatchkeyError } from '../../core/error.ts';
import { listSegments, nextSegment } from './trail-segments.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
const MAX_BYTES = 64 * 2 ** 20;
const SYNC_EVERY_MS = 5000;
const LINE_HEAD = '{"time":"';

interface OpenSegment {
  readonly file: number;
  readonly path: string;
  readonly day: string;
}

/**
 * Appends to the newest segment, and begins another when the day changes or the file is full. What was appended survives
 * the end of the process at once, and that of the machine once it was synced: every 5 s, off this thread. Syncing each
 * batch cost a tenth of a request.
 */
export function createSegmentWriter(folder: string): { append(lines: Uint8Array): void; close(): Promise<void> } {
  let open: OpenSegment | null = null;
  let syncedAt = -Infinity;
  let syncError: Error | null = null;

  const sync = (file: number): Promise<void> =>
    new Promise((resolve) => {
      fdatasync(file, (error) => {
        syncError ??= error;
        resolve();
      });
    });

  const close = (): void => {
    if (open !== null) closeSync(open.file);
    open = null;
  };

  const segmentFor = (day: string, size: number): OpenSegment => {
    if (open !== null && fits(open, day, size)) return open;
    close();
    return (open = openSegment(folder, day, size));
  };

  return {
    append(lines) {
      const failed = syncError;
      syncError = null;
      if (failed !== null) throw failed;
      const { file } = segmentFor(dayOf(lines), lines.length);
      writeWhole(file, lines);
      const now = performance.now();
      if (now - syncedAt < SYNC_EVERY_MS) return;
      syncedAt = now;
      void sync(file);
    },
    async close() {
      if (open !== null) await sync(open.file);
      close();
    },
  };
}

function dayOf(lines: Uint8Array): string {
  const head = Buffer.from(lines.buffer, lines.byteOffset, Math.min(lines.length, 32)).toString('latin1');
  const day = head.startsWith(LINE_HEAD) ? head.slice(LINE_HEAD.length, LINE_HEAD.length + 10) : '';
  const whole = lines.at(-1) === 0x0a && /^\d{4}-\d{2}-\d{2}$/.test(day);
  if (!whole) throw new LatchkeyError('E_INTERNAL', 'These are no lines of the trail.', { hint: 'please report this' });
  return day;
}

/** False too when someone removed or moved the file: then a new one is begun. */
function fits({ file, path, day: current }: OpenSegment, day: string, size: number): boolean {
  const { ino, dev, size: before } = fstatSync(file);
  const there = statSync(path, { throwIfNoEntry: false });
  return there?.ino === ino && there.dev === dev && current === day && before + size <= MAX_BYTES;
}

function openSegment(folder: string, day: string, size: number): OpenSegment {
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  const last = listSegments(folder).at(-1);
  if (last !== undefined && last.day === day) {
    const found = { file: openToAppend(last.path), path: last.path, day };
    if (fits(found, day, size)) return found;
    closeSync(found.file);
  }
  const { path } = nextSegment(folder, day, last);
  return { file: openToAppend(path), path, day };
}

function openToAppend(path: string): number {
  const file = openSync(path, O_RDWR | O_APPEND | O_CREAT | (O_NOFOLLOW ?? 0), 0o600);
  try {
    fchmodSync(file, 0o600);
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    // A line that a crash cut short ends here, so that it does not swallow the next one.
    if (size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a) writeSync(file, '\n');
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  const before = fstatSync(file).size;
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(file, bytes, written);
  } catch (error) {
    // Half a batch would be written twice; lines that another process added meanwhile are left alone.
    if (written > 0 && fstatSync(file).size === before + written) ftruncateSync(file, before);
    throw error;
  }
}
