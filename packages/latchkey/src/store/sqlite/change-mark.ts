import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** All but `uses` and `last_used_at`, which say nothing of what anyone may do. SQLite goes by names: `seq` has four. */
const COLUMNS = `seq, rowid, oid, _rowid_, hash, id, family, kind, name, owner, scopes, servers,
  created_at, expires_at, revoked_at, rotated_at, hint, undelivered`;

// An UPDATE, which no conflict clause of the statement that fires it can turn into nothing.
const RENEW = 'BEGIN UPDATE credentials_mark SET mark = hex(randomblob(16)); END';
const TRIGGERS = [
  `CREATE TRIGGER credentials_inserted AFTER INSERT ON credentials ${RENEW}`,
  `CREATE TRIGGER credentials_deleted AFTER DELETE ON credentials ${RENEW}`,
  `CREATE TRIGGER credentials_updated AFTER UPDATE OF ${COLUMNS} ON credentials ${RENEW}`,
];

/**
 * The step of the schema that marks what the credentials say: another mark after each change, whoever makes it and with
 * whatever program. A random one and no count, which could be the same after a backup was put back.
 */
export const MARK_MIGRATION = `
  CREATE TABLE credentials_mark (one INTEGER PRIMARY KEY CHECK (one = 1), mark TEXT NOT NULL) STRICT;
  INSERT INTO credentials_mark VALUES (1, hex(randomblob(16)));
  ${TRIGGERS.join(';\n')};`;

/**
 * Reads the mark: while it is the same one, no credential was changed. Null where that cannot be told: no mark, or
 * triggers that are not as they were made.
 */
export function createMarkReader(db: DatabaseSync): () => string | null {
  let statement: StatementSync | null = null;
  return () => {
    try {
      statement ??= prepare(db);
      const row = statement.get(...TRIGGERS, TRIGGERS.length) as unknown as [string] | undefined;
      return row?.[0] ?? null;
    } catch {
      // Then every credential is looked up again, and that tells what is wrong with the file.
      return null;
    }
  };
}

function prepare(db: DatabaseSync): StatementSync {
  // The schema's number too: it tells of triggers that were gone for a while.
  const statement = db.prepare(
    `SELECT mark || ' ' || (SELECT schema_version FROM pragma_schema_version) FROM credentials_mark
     WHERE (SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND sql IN (?, ?, ?)) = ?`,
  );
  statement.setReturnArrays(true);
  return statement;
}
