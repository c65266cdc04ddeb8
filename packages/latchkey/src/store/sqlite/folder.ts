import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
  type Stats,
} from 'node:fs';
import { unreadable } from './failure.ts';

const WRITABLE_BY_OTHERS = 0o022;
const OPEN_TO_OTHERS = 0o077;

/**
 * Makes the folder (0700, whatever the umask) or checks the one that is there: it must be a folder, and one that only
 * its owner can write to. A folder of our own that others could write to is closed to them.
 */
export function prepareFolder(folder: string): void {
  const found = statIfPresent(folder, statSync);
  if (found === null) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    return;
  }
  if (!found.isDirectory()) throw unreadable(folder, 'it is not a folder');
  if (!(found.mode & WRITABLE_BY_OTHERS) || process.getuid === undefined) return;
  if (found.uid !== process.getuid())
    throw unreadable(folder, 'the folder belongs to another user and others can write to it');
  chmodSync(folder, found.mode & 0o777 & ~WRITABLE_BY_OTHERS);
}

/**
 * Makes the empty file (0600, whatever the umask) or closes the one that is there to others. SQLite gives its -wal and
 * -shm files the mode of this file. An existing file is never opened here: closing it would drop the locks that another
 * connection of this process holds on it (sqlite.org/howtocorrupt.html §2.2).
 */
export function prepareFile(path: string): void {
  const found = statIfPresent(path, lstatSync);
  if (found === null) {
    const file = openSync(
      path,
      constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | (constants.O_NOFOLLOW ?? 0),
      0o600,
    );
    try {
      fchmodSync(file, 0o600);
    } finally {
      closeSync(file);
    }
    return;
  }
  if (found.isSymbolicLink()) throw unreadable(path, 'it is a symbolic link');
  if (!found.isFile()) throw unreadable(path, 'it is not a file');
  for (const suffix of ['', '-wal', '-shm']) closeToOthers(path + suffix);
}

function closeToOthers(path: string): void {
  const found = statIfPresent(path, lstatSync);
  if (found === null) return;
  if (found.isSymbolicLink()) throw unreadable(path, 'it is a symbolic link');
  if (found.mode & OPEN_TO_OTHERS) chmodSync(path, 0o600);
}

function statIfPresent(
  path: string,
  stat: (path: string, options: { throwIfNoEntry: false }) => Stats | undefined,
): Stats | null {
  return stat(path, { throwIfNoEntry: false }) ?? null;
}
