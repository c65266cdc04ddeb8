import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { LatchkeyError } from '../../core/error.ts';
import { closed } from './failure.ts';

/** An open database, held against its path. */
export interface Hold {
  /** Throws E_STORE_REPLACED while another file, or none, is where one of the database's was; E_STORE_UNREADABLE once it is closed. */
  confirm(): void;
  readonly kept: boolean;
}

/** The database, its journal and the index of that: SQLite takes them away only when nobody has them open. */
const SUFFIXES = ['', '-wal', '-shm'];

/**
 * Of a database that was just opened and read. Who moves or replaces one of its open files leaves us with one that no
 * other process reads or writes any more: it would answer for ever as if nothing were revoked.
 */
export function holdDatabase(path: string, db: DatabaseSync): Hold {
  const opened = SUFFIXES.map((suffix) => ({ file: path + suffix, ...identify(path + suffix) }));
  const confirm = (): void => {
    // SQLite takes its journal away with it.
    if (!db.isOpen) throw closed(path);
    for (const { file, ino, dev } of opened) {
      const found = identify(file);
      if (found.ino !== ino || found.dev !== dev) throw replaced(path);
    }
  };
  return {
    confirm,
    get kept() {
      try {
        confirm();
        return true;
      } catch {
        return false;
      }
    },
  };
}

function identify(file: string) {
  const { ino = null, dev = null } = statSync(file, { bigint: true, throwIfNoEntry: false }) ?? {};
  return { ino, dev };
}

function replaced(path: string): LatchkeyError {
  return new LatchkeyError('E_STORE_REPLACED', `The store ${path} was moved, replaced or removed while it was open.`, {
    hint: 'Restart what has it open: it uses what is there then. Until then, or until the file is back, nobody is let in.',
  });
}
