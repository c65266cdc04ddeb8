import { statSync } from 'node:fs';

const GROUP_READS = 0o040;
const OTHERS = 0o077;
const EVERYBODY_WRITES = 0o002;

/**
 * Whether others than its owner may read or write that file. The group may read what belongs to root, as packages and
 * containers give secrets to a service. False on Windows, where the folder's rights decide. Throws when it is not there.
 */
export function isOpenToOthers(file: string): boolean {
  if (process.platform === 'win32') return false;
  const { mode, uid } = statSync(file);
  return (mode & OTHERS & ~(uid === 0 ? GROUP_READS : 0)) !== 0;
}

/** Whether everybody on this machine may write to that file; false where there is none, or a folder. */
export function isWritableByAll(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return (
    process.platform !== 'win32' && found !== undefined && !found.isDirectory() && (found.mode & EVERYBODY_WRITES) !== 0
  );
}
