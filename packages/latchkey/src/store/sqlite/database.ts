import { DatabaseSync } from 'node:sqlite';
import { LatchkeyError } from '../../core/error.ts';
import { attempt, damaged } from './failure.ts';
import { prepareFile } from './folder.ts';
import type { Schema } from './migrations.ts';

export interface DatabaseOptions {
  readonly busyTimeoutMs: number;
  /** Read every page before trusting the file: its cost grows with the file. */
  readonly check: boolean;
}

/**
 * Opens (or makes) one database file: WAL, schema brought up to date in one transaction. Fails with
 * E_STORE_DAMAGED, E_STORE_NEWER, E_STORE_LOCKED, E_STORE_UNREADABLE or E_STORE_FULL, the file then unchanged.
 */
export function openDatabase(path: string, schema: Schema, options: DatabaseOptions): DatabaseSync {
  return attempt(path, () => {
    prepareFile(path);
    const db = new DatabaseSync(path, { timeout: options.busyTimeoutMs, enableForeignKeyConstraints: true });
    try {
      // Before anything is written: a stranger's file, or one of a newer version, stays as it is.
      const version = readVersion(db, path, schema);
      if (options.check) checkPages(db, path);
      db.exec(`PRAGMA page_size = ${schema.pageSize}; PRAGMA journal_mode = WAL`);
      db.exec(`PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF`);
      if (version < schema.migrations.length) migrate(db, path, schema);
      // SQLite makes the files of a journal at the first use of it, and whoever holds the database holds them.
      db.exec('SELECT 1 FROM sqlite_schema');
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/**
 * Runs `work` as one transaction that has the write lock from its beginning, so what it reads stays true until it commits.
 * `finish` is given the commit, and may do something before it or not have it at all, by throwing.
 */
export function transact<T>(
  db: DatabaseSync,
  work: () => T,
  finish: (commit: () => void) => void = (commit) => commit(),
): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    finish(() => db.exec('COMMIT'));
    return result;
  } catch (error) {
    // SQLite has already rolled back after some failures, a full disk among them.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function readVersion(db: DatabaseSync, path: string, schema: Schema): number {
  const version = readNumber(db, 'PRAGMA user_version');
  const applicationId = readNumber(db, 'PRAGMA application_id');
  if (applicationId === schema.applicationId) {
    if (version > schema.migrations.length) throw newer(path, version, schema.migrations.length);
    return version;
  }
  const empty = applicationId === 0 && version === 0 && readNumber(db, 'SELECT count(*) FROM sqlite_schema') === 0;
  if (!empty) throw damaged(path, 'it is a database of another program');
  return 0;
}

function checkPages(db: DatabaseSync, path: string): void {
  const [first] = db.prepare('PRAGMA quick_check(1)').all();
  const finding = first && Object.values(first)[0];
  if (finding !== 'ok') throw damaged(path, 'its pages do not fit together', finding);
}

function migrate(db: DatabaseSync, path: string, schema: Schema): void {
  transact(db, () => {
    // Read again under the write lock: another process may have migrated meanwhile.
    for (const migration of schema.migrations.slice(readVersion(db, path, schema))) db.exec(migration);
    db.exec(`PRAGMA application_id = ${schema.applicationId}; PRAGMA user_version = ${schema.migrations.length}`);
  });
}

function readNumber(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}

function newer(path: string, version: number, known: number): LatchkeyError {
  return new LatchkeyError(
    'E_STORE_NEWER',
    `The store ${path} has version ${version}; this Latchkey knows up to ${known}.`,
    {
      hint: 'Use the newer Latchkey that wrote it, or another --store folder. The file was not changed.',
    },
  );
}
