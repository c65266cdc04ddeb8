import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** One file of the trail: `2026-11-23.000007.jsonl`. */
export interface Segment {
  readonly path: string;
  /** The day (UTC) of its newest lines; none is of a later one. */
  readonly day: string;
  /** Grows by one with each file, and is never given twice. */
  readonly index: number;
}

/** Numbers of lines of one segment; far more than a segment grows to. */
export const SEGMENT_SPAN = 2 ** 36;

const NAME = /^(\d{4}-\d{2}-\d{2})\.(\d{6})\.jsonl$/;

/** All segments of the folder, oldest first. */
export function listSegments(folder: string): readonly Segment[] {
  const found = readdirSync(folder).flatMap((name) => {
    const [, day, index] = NAME.exec(name) ?? [];
    return day === undefined ? [] : [{ path: join(folder, name), day, index: Number(index) }];
  });
  return found.sort((a, b) => a.index - b.index);
}

export function nextSegment(folder: string, day: string, last: number): Segment {
  const index = last + 1;
  return { path: join(folder, `${day}.${String(index).padStart(6, '0')}.jsonl`), day, index };
}

/**
 * From `start` on, without what is before: most often there is nothing behind that place, and all of the file in front.
 * Null when it was pruned, or taken away, since it was listed.
 */
export function readSegment({ path }: Segment, start: number): Buffer | null {
  const file = openIfPresent(path);
  if (file === null) return null;
  try {
    const rest = Buffer.alloc(Math.max(0, fstatSync(file).size - start));
    let size = 0;
    for (let read = -1; size < rest.length && read !== 0; size += read)
      read = readSync(file, rest, size, rest.length - size, start + size);
    return rest.subarray(0, size);
  } finally {
    closeSync(file);
  }
}

function openIfPresent(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Whether what the system says of a file is that it is not there. */
export function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
