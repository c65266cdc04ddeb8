import type { DatabaseSync } from 'node:sqlite';
import type { Pin, PinStore } from '../../core/store.ts';
import { transact } from './database.ts';
import { attempt } from './failure.ts';

const COLUMNS = 'server, tool, digest, found, at';

/** `PinStore` on one SQLite file; synchronous. */
export function createPinStore(db: DatabaseSync, path: string): PinStore {
  const all = db.prepare(`SELECT ${COLUMNS} FROM pins ORDER BY server, tool`);
  const ofServer = db.prepare(`SELECT ${COLUMNS} FROM pins WHERE server = ? ORDER BY tool`);
  const see = db.prepare(
    `INSERT INTO pins (server, tool, digest, at) VALUES (?, ?, ?, ?)
     ON CONFLICT (server, tool) DO UPDATE SET found = nullif(excluded.digest, digest)`,
  );
  const accept = db.prepare(
    'UPDATE pins SET digest = found, found = NULL, at = ? WHERE server = ? AND tool = ? AND found = ?',
  );
  return {
    list: (server) => attempt(path, () => (server === null ? all.all() : ofServer.all(server)) as unknown as Pin[]),
    see: (server, digests, now) =>
      attempt(path, () =>
        transact(db, () => {
          for (const [tool, digest] of digests) see.run(server, tool, digest, now);
        }),
      ),
    accept: ({ server, tool, found }, now) =>
      attempt(path, () => transact(db, () => accept.run(now, server, tool, found).changes > 0)),
  };
}
