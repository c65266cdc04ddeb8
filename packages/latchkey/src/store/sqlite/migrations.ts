import { MARK_MIGRATION } from './change-mark.ts';

/** One step of a schema. Steps are only ever added: the number of them is the version a database file carries. */
type Migration = string;

export interface Schema {
  /** The file's `application_id`, so that another program's database is never taken for ours. */
  readonly applicationId: number;
  /** Bytes; a power of two. Holds for files that are made from now on. */
  readonly pageSize: number;
  readonly migrations: readonly Migration[];
}

/** "LKcr" in ASCII. */
const CREDENTIALS_ID = 0x4c4b6372;

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
    `CREATE TABLE pins (
       server TEXT NOT NULL,
       tool TEXT NOT NULL,
       digest TEXT NOT NULL CHECK (length(digest) = 64),
       found TEXT CHECK (length(found) = 64),
       at INTEGER NOT NULL,
       PRIMARY KEY (server, tool)
     ) STRICT, WITHOUT ROWID;`,
    MARK_MIGRATION,
  ],
};

/** "LKsl" in ASCII. */
const SEALS_ID = 0x4c4b736c;

/** Where the trail's chain of seals ends. It is written with each batch, so it has no page to spare. */
export const SEALS_SCHEMA: Schema = {
  applicationId: SEALS_ID,
  pageSize: 512,
  migrations: [
    `CREATE TABLE head (
       one INTEGER PRIMARY KEY CHECK (one = 1),
       number INTEGER NOT NULL,
       mac TEXT NOT NULL,
       segment INTEGER NOT NULL,
       size INTEGER NOT NULL,
       first INTEGER NOT NULL
     ) STRICT;`,
  ],
};
