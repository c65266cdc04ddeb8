import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { LatchkeyError } from '../../core/error.ts';

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const AUTH = 23;
const NOTADB = 26;
const IOERR_SHMSIZE = IOERR | (19 << 8);

/** Runs `work`; what SQLite or the file system throws comes out as a LatchkeyError that names the store at `path`. */
export function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(path, error);
  }
}

/** The operator's words for a failure of SQLite or of the file system. Errors of ours pass unchanged. */
export function toStoreError(path: string, error: unknown): LatchkeyError {
  if (error instanceof LatchkeyError) return error;
  const { code, errcode, path: file = path } = error as { code?: string; errcode?: number; path?: string };
  // What Node says of a database that is closed, and of its statements.
  if (code === 'ERR_INVALID_STATE') return closed(path, error);
  if (typeof errcode === 'number') return fromSqlite(path, errcode, error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return full(path, error);
  if (code === 'EROFS') return readOnly(file, error);
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code))
    return unreadable(file, code === 'ENOTDIR' ? 'a part of its path is not a folder' : code, error);
  return new LatchkeyError('E_INTERNAL', `The store ${path} failed in an unexpected way.`, {
    hint: 'Report this with the cause that the log shows.',
    cause: error,
  });
}

export function damaged(path: string, what: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('E_STORE_DAMAGED', `The store ${path} cannot be used: ${what}.`, {
    hint: 'The file was left as it is. Restore it from a copy, or move it away to begin with an empty store.',
    cause,
  });
}

export function unreadable(path: string, what: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('E_STORE_UNREADABLE', `The store ${path} cannot be opened: ${what}.`, {
    hint: 'Give --store a folder that belongs to you and that only you can write to.',
    cause,
  });
}

export function closed(path: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('E_STORE_UNREADABLE', `The store ${path} was closed.`, {
    hint: 'Whoever closes it closes first what uses it: the server, then its lock.',
    cause,
  });
}

function full(path: string, cause: unknown): LatchkeyError {
  return new LatchkeyError('E_STORE_FULL', `No space is left for the store ${path}.`, {
    hint: 'Free some space on that disk (`df`, and `df -i` for the number of files) and try again; nothing was half-written.',
    cause,
  });
}

function readOnly(path: string, cause: unknown): LatchkeyError {
  return new LatchkeyError('E_STORE_UNREADABLE', `The store ${path} is on a read-only file system.`, {
    hint: 'Whoever reads it writes too, for its locks: make it writable again, or copy the folder to where you can write and give --store the copy.',
    cause,
  });
}

/** SQLite does not say what the file system has against it. */
function unwritable(path: string, what: string, cause: unknown): LatchkeyError {
  if (isReadOnly(dirname(path))) return readOnly(path, cause);
  return hasRoomForFiles(dirname(path)) ? unreadable(path, what, cause) : full(path, cause);
}

/** Some file systems, such as Btrfs, do not count files: of those they have 0. */
function hasRoomForFiles(folder: string): boolean {
  try {
    const { files, ffree } = statfsSync(folder);
    return files === 0 || ffree > 0;
  } catch {
    return true;
  }
}

function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

function fromSqlite(path: string, errcode: number, cause: unknown): LatchkeyError {
  const what = (cause as { errstr?: string }).errstr ?? 'SQLite error';
  switch (errcode & 0xff) {
    case BUSY:
    case LOCKED:
      return new LatchkeyError('E_STORE_LOCKED', `Another program holds the store ${path}.`, {
        hint: 'Wait for it to finish, or find it with `fuser` or `lsof` on that file; nothing was changed.',
        cause,
      });
    case CORRUPT:
    case NOTADB:
      return damaged(path, what, cause);
    case FULL:
      return full(path, cause);
    case IOERR:
      // The shared-memory file is sized before anything else is written, so it is often the first to feel a full disk.
      if (errcode === IOERR_SHMSIZE) return full(path, cause);
      return unwritable(path, what, cause);
    case READONLY:
    case CANTOPEN:
      return unwritable(path, what, cause);
    case PERM:
    case AUTH:
      return unreadable(path, what, cause);
    default:
      return new LatchkeyError('E_INTERNAL', `The store ${path} failed in an unexpected way: ${what}.`, {
        hint: 'Report this with the cause that the log shows.',
        cause,
      });
  }
}
