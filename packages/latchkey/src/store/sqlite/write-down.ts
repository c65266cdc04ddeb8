import type { DatabaseSync } from 'node:sqlite';
import type { UnsignedChange } from '../../core/trail.ts';
import { transact } from './database.ts';
import { attempt } from './failure.ts';

/** Writes a change down and then commits it; where either fails there is neither. */
export type WriteDown = (change: UnsignedChange, commit: () => void) => void;

/** Commits, and writes nothing down. */
export const UNWRITTEN: WriteDown = (_, commit) => commit();

/** Runs `work` as one transaction on the file at `path`. What it notes is written down by `write`, which commits it. */
export function transactNoted<T>(
  { db, path }: { readonly db: DatabaseSync; readonly path: string },
  work: (note: (change: UnsignedChange) => void) => T,
  write: WriteDown,
): T {
  let noted: UnsignedChange | null = null;
  const finish = (commit: () => void): void => (noted === null ? commit() : write(noted, () => attempt(path, commit)));
  return transact(db, () => work((change) => (noted = change)), finish);
}
