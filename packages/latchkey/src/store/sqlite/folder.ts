import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
  unlinkSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import { unreadable } from './failure.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW } = constants;
const WRITABLE_BY_OTHERS = 0o022;
const OPEN_TO_OTHERS = 0o077;

/**
 * Makes the folder (0700, whatever the umask) or checks the one that is there: it must be a folder, and one that only
 * its owner can write to. A folder of our own that others could write to is closed to them.
 */
export function prepareFolder(folder: string): void {
  const found = statIfPresent(folder, statSync);
  if (found === null) {
    makeFolder(folder);
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
    closeSync(makeFile(path, constants.O_RDWR));
    return;
  }
  if (found.isSymbolicLink()) throw unreadable(path, 'it is a symbolic link');
  if (!found.isFile()) throw unreadable(path, 'it is not a file');
  for (const suffix of ['', '-wal', '-shm']) closeToOthers(path + suffix);
}

/** Opens a file that must not be there yet (0600, whatever the umask). Root gives it to the owner of its folder. */
export function makeFile(path: string, flags: number): number {
  const file = openSync(path, flags | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0), 0o600);
  try {
    fchmodSync(file, 0o600);
    giveToOwner(file, path);
    return file;
  } catch (error) {
    closeSync(file);
    unlinkSync(path);
    throw error;
  }
}

function makeFolder(folder: string): void {
  const parent = dirname(folder);
  if (parent !== folder && statIfPresent(parent, statSync) === null) makeFolder(parent);
  // Not by `recursive`, which never ends where the system says of a folder that is there that it is missing, as /proc does.
  try {
    mkdirSync(folder, 0o700);
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && statSync(folder).isDirectory()) return;
    throw error;
  }
  chmodSync(folder, 0o700);
  if (!isRoot()) return;
  // By its handle: the owner of the parent could put a link in its place meanwhile.
  const file = openSync(folder, O_DIRECTORY | O_NOFOLLOW);
  try {
    giveToOwner(file, folder);
  } finally {
    closeSync(file);
  }
}

/** Root is a guest in a folder of another user: who works with the store day by day must be able to open what it makes. */
function giveToOwner(file: number, path: string): void {
  if (!isRoot()) return;
  const { uid, gid } = statSync(dirname(path));
  // Some file systems give everything in them to one user, and let nobody change that.
  if (uid !== fstatSync(file).uid) fchownSync(file, uid, gid);
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
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
