import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;

export interface TrailFile {
  /** Appends whole lines, or throws and leaves none of them. */
  append(lines: Uint8Array): void;
  close(): void;
}

/**
 * A JSON-lines file: 0600 when made here, opened anew when someone moved it away, moved to `PATH.1` before it grows over
 * `maxBytes`. Throws when it cannot be opened, or is no regular file.
 */
export function openTrailFile(path: string, maxBytes: number): TrailFile {
  let file = openToAppend(path);

  const reopen = () => {
    const next = openToAppend(path);
    closeSync(file);
    file = next;
  };

  return {
    append(bytes) {
      if (movedAway(file, path)) reopen();
      const before = fstatSync(file).size;
      if (before > 0 && before + bytes.length > maxBytes) {
        renameSync(path, `${path}.1`);
        reopen();
      }
      writeWhole(file, bytes);
    },
    close: () => closeSync(file),
  };
}

function openToAppend(path: string): number {
  const isNew = statSync(path, { throwIfNoEntry: false }) === undefined;
  // Without O_NONBLOCK a pipe that nobody reads would hold up the whole process here.
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | (O_NONBLOCK ?? 0), 0o600);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${path} is not a regular file`);
    if (isNew) fchmodSync(file, 0o600);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function movedAway(file: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  return there === undefined || there.ino !== fstatSync(file).ino;
}

function writeWhole(file: number, bytes: Uint8Array): void {
  const before = fstatSync(file).size;
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(file, bytes, written);
  } catch (error) {
    // Half a line would spoil the next one; lines that another process added meanwhile are left alone.
    if (written > 0 && fstatSync(file).size === before + written) ftruncateSync(file, before);
    throw error;
  }
}
