import type { TrailEntry } from '../core/trail.ts';
import { writeEntry } from './format.ts';

const BUFFER_BYTES = 256 * 1024;
const MOST_SPARE = 4;
const AT_ONCE = 64;

/** Lines as they will be written, with their number: the first `used` bytes of the buffer. */
export interface Lines {
  readonly buffer: Buffer;
  readonly used: number;
  readonly count: number;
}

/** Entries as lines, in the order they came, in buffers that are used again. */
export interface LineBuffers {
  /** Entries that were added and not yet taken. */
  readonly waiting: number;
  add(entry: TrailEntry): void;
  /** The oldest lines, the same until they are taken; null where nothing waits. */
  oldest(): Lines | null;
  /** They were written. */
  take(lines: Lines): void;
}

/** `onTooLong`: told of each entry for which a whole buffer has no room; it is left out. */
export function createLineBuffers(onTooLong: () => void): LineBuffers {
  const full: Lines[] = [];
  // Memory that was never used before costs more than all that is written into it.
  const spare: Buffer[] = [];
  // Written many at once, a line takes half the time: the code for it is in the processor's caches then. Not more of
  // them, since objects that live until the next flush are costly to collect.
  const entries: (TrailEntry | null)[] = Array.from({ length: AT_ONCE }, () => null);
  let held = 0;
  let buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  let used = 0;
  let count = 0;
  let waiting = 0;

  const seal = (): void => {
    if (count === 0) return;
    full.push({ buffer, used, count });
    buffer = spare.pop() ?? Buffer.allocUnsafe(BUFFER_BYTES);
    used = 0;
    count = 0;
  };

  const put = (entry: TrailEntry): void => {
    let end = writeEntry(entry, buffer, used);
    if (end === null) {
      seal();
      end = writeEntry(entry, buffer, 0);
    }
    if (end === null) {
      waiting -= 1;
      return onTooLong();
    }
    used = end;
    count += 1;
  };

  const putHeld = (): void => {
    for (let at = 0; at < held; at += 1) {
      put(entries[at] as TrailEntry);
      entries[at] = null;
    }
    held = 0;
  };

  return {
    get waiting() {
      return waiting;
    },
    add(entry) {
      entries[held] = entry;
      held += 1;
      waiting += 1;
      if (held === AT_ONCE) putHeld();
    },
    oldest() {
      putHeld();
      // What cannot be written now leaves one buffer that is not full, not one for each attempt.
      if (full.length === 0) seal();
      return full[0] ?? null;
    },
    take(lines) {
      full.shift();
      waiting -= lines.count;
      if (spare.length < MOST_SPARE) spare.push(lines.buffer);
    },
  };
}
