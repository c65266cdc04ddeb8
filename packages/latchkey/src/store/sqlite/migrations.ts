/** One step of a schema. Steps are only ever added: the number of them is the version a database file carries. */
type Migration = string;

export interface Schema {
  /** The file's `application_id`, so that another program's database is never taken for ours. */
  readonly applicationId: number;
  /** Bytes; a power of two. Holds for files that are made from now on. */
  readonly pageSize: number;
  readonly migrations: readonly Migration[];
}

/** "LKcr" and "LKtr" in ASCII. */
const CREDENTIALS_ID = 0x4c4b6372;
const TRAIL_ID = 0x4c4b7472;

export const CREDENTIALS_SCHEMA: Schema = {
  applicationId: CREDENTIALS_ID,
  pageSize: 4096,
  migrations: [
    `CREATE TABLE credentials (
       seq INTEGER PRIMARY KEY,
       hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
       id TEXT NOT NULL UNIQUE,
       family TEXT NOT NULL,
       kind TEXT NOT NULL CHECK (kind IN ('token', 'key')),
       name TEXT NOT NULL,
       owner TEXT,
       scopes TEXT NOT NULL,
       servers TEXT,
       created_at INTEGER NOT NULL,
       expires_at INTEGER,
       revoked_at INTEGER,
       rotated_at INTEGER,
       last_used_at INTEGER,
       uses INTEGER NOT NULL DEFAULT 0,
       hint TEXT NOT NULL,
       undelivered INTEGER NOT NULL DEFAULT 0
     ) STRICT;
     CREATE INDEX credentials_by_name ON credentials (kind, name);
     CREATE INDEX credentials_by_family ON credentials (family);
     CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  ],
};

/**
 * One row holds the lines of one batch: a row for each line cost twice as much (1.6-2.3 against 0.9-1.3 µs a line). No
 * index by time: batches come nearly in order of time. `pruned` remembers the last number given out, so that none is
 * given twice.
 */
export const TRAIL_SCHEMA: Schema = {
  applicationId: TRAIL_ID,
  // A quarter less time for each line than with 4,096, where lines come by the hundred.
  pageSize: 16_384,
  migrations: [
    `CREATE TABLE batches (
       last_seq INTEGER PRIMARY KEY,
       count INTEGER NOT NULL CHECK (count > 0),
       first_at INTEGER NOT NULL,
       last_at INTEGER NOT NULL,
       denials INTEGER NOT NULL,
       lines TEXT NOT NULL
     ) STRICT;
     CREATE TABLE pruned (last_seq INTEGER NOT NULL) STRICT;
     INSERT INTO pruned VALUES (0);`,
  ],
};
