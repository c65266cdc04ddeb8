import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, transact } from './database.ts';
import { attempt } from './failure.ts';
import { holdDatabase, type Hold } from './hold.ts';
import { SEALS_SCHEMA } from './migrations.ts';

/** Where the chain of seals ends: the last seal, and the segment and size it left. `first` is the oldest seal still kept. */
export interface Head {
  readonly number: number;
  readonly mac: string;
  readonly segment: number;
  readonly size: number;
  readonly first: number;
}

/** The end of the chain, shared by all processes that write the trail. */
export interface SealChain {
  /**
   * Runs `work` while no other process can append, and keeps the head it returns. Null: nothing was sealed yet. Fails with
   * E_STORE_LOCKED at once, and nothing done, while another process has the chain: whoever can waits and comes again.
   */
  move(work: (head: Head | null) => Head | null): void;
  /** Throws E_STORE_REPLACED while the file that is open is not the one at its path. */
  confirm(): void;
  close(): void;
}

/**
 * The chain over a database file, made at the first use. Its commits are not synced to the disk one by one, as the trail's
 * own files are not: after a power cut both may lack the last seconds.
 */
export function createSealChain(path: string): SealChain {
  let open: {
    readonly db: DatabaseSync;
    readonly hold: Hold;
    readonly read: () => Head | null;
    readonly write: (head: Head) => void;
  } | null = null;

  const prepare = () => {
    const db = openDatabase(path, SEALS_SCHEMA, { busyTimeoutMs: 0, check: false });
    db.exec('PRAGMA synchronous = NORMAL');
    const select = db.prepare('SELECT number, mac, segment, size, first FROM head');
    const replace = db.prepare(
      'INSERT OR REPLACE INTO head (one, number, mac, segment, size, first) VALUES (1, ?, ?, ?, ?, ?)',
    );
    return {
      db,
      hold: holdDatabase(path, db),
      read: () => (select.get() as unknown as Head | undefined) ?? null,
      write: ({ number, mac, segment, size, first }: Head) => void replace.run(number, mac, segment, size, first),
    };
  };

  return {
    move: (work) =>
      attempt(path, () => {
        const { db, hold, read, write } = (open ??= prepare());
        hold.confirm();
        transact(db, () => {
          const head = work(read());
          if (head !== null) write(head);
        });
      }),
    confirm: () => attempt(path, () => open?.hold.confirm()),
    close() {
      if (open?.db.isOpen) open.db.close();
      open = null;
    },
  };
}

/** Whether there is a chain at all, without making one. */
export function hasSealChain(path: string): boolean {
  return existsSync(path);
}
