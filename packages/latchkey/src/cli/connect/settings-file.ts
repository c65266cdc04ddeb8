import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import { LatchkeyError } from '../../core/error.ts';
import { makeFolders } from '../make-folders.ts';

const OWNER_ONLY = 0o600;
const GROUP = 0o070;

/** A settings file as it was found. */
export interface SettingsFile {
  /** Behind symbolic links. */
  readonly path: string;
  readonly bytes: Buffer;
  /** Null where there is no file yet. */
  readonly stats: Stats | null;
}

/**
 * Reads a settings file that may be changed; one that is not there is empty. Throws E_CLIENT_FILE where it is no plain
 * file, belongs to another, is read-only, has a second name (a hard link), or cannot be read.
 */
export function readSettingsFile(named: string): SettingsFile {
  return explain(named, () => {
    if (lstatSync(named, { throwIfNoEntry: false }) === undefined)
      return { path: named, bytes: Buffer.alloc(0), stats: null };
    const path = realpathSync(named);
    const stats = statSync(path);
    refuseUnfit(path, stats);
    return { path, bytes: readFileSync(path), stats };
  });
}

function refuseUnfit(path: string, stats: Stats): void {
  if (!stats.isFile()) throw unfit(`${path} is no plain file.`, 'name another with --file');
  if (process.geteuid !== undefined && stats.uid !== process.geteuid())
    throw unfit(`${path} belongs to another user.`, 'run this as its owner, or paste the settings by hand');
  if ((stats.mode & 0o200) === 0) throw unfit(`${path} is read-only.`, `chmod u+w it first, if it is yours to change`);
  if (stats.nlink > 1)
    throw unfit(`${path} has a second name, which would keep the old content.`, 'paste the settings by hand');
}

/**
 * Puts new bytes in a file's place in one step and keeps what was there beside it; gives back the name of the copy, null
 * where there was nothing. The mode stays, but where a secret goes in nobody else may read it. Throws E_CLIENT_FILE, also
 * when the file was changed since it was read; then nothing is changed.
 */
export function replaceSettingsFile(
  file: SettingsFile,
  bytes: Buffer,
  options: { readonly secret: boolean; readonly time: Date },
): string | null {
  const { path, stats } = file;
  return explain(path, () => {
    refuseChanged(file);
    if (stats === null) makeFolders(dirname(path));
    const backup = stats === null ? null : `${path}.bak-${options.time.toISOString().replaceAll(/[-:.]/g, '')}`;
    if (backup !== null) writeNew(backup, file.bytes, stats, (stats?.mode ?? OWNER_ONLY) & 0o777);
    const mode = stats === null ? 0o666 & ~process.umask() : stats.mode & 0o777;
    const fresh = `${path}.${randomUUID()}.new`;
    try {
      writeNew(fresh, bytes, stats, options.secret ? mode & OWNER_ONLY : mode);
      renameSync(fresh, path);
    } catch (error) {
      for (const left of backup === null ? [fresh] : [fresh, backup]) rmSync(left, { force: true });
      throw error;
    }
    return backup;
  });
}

function refuseChanged({ path, bytes, stats }: SettingsFile): void {
  const now = lstatSync(path, { throwIfNoEntry: false });
  const same = stats === null ? now === undefined : now?.ino === stats.ino && readFileSync(path).equals(bytes);
  if (!same) throw unfit(`${path} was changed by another program meanwhile; nothing was written.`, 'run this again');
}

/** Open to the owner alone until it has its group; where that cannot be had, another group gets no rights. All, or no file. */
function writeNew(path: string, bytes: Buffer, owner: Stats | null, mode: number): void {
  const file = openSync(path, 'wx', OWNER_ONLY);
  try {
    writeFileSync(file, bytes);
    fchmodSync(file, owner === null || giveGroup(file, owner) ? mode : mode & ~GROUP);
    fsyncSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function giveGroup(file: number, { uid, gid }: Stats): boolean {
  if (process.platform === 'win32') return true;
  try {
    fchownSync(file, uid, gid);
    return true;
  } catch {
    return false;
  }
}

function explain<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof LatchkeyError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw unfit(`${path} cannot be read or written (${code}).`, 'check the path and its permissions', error);
  }
}

function unfit(message: string, hint: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('E_CLIENT_FILE', message, { hint, cause });
}
