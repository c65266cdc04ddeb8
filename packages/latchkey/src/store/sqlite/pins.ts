import type { DatabaseSync } from 'node:sqlite';
import type { Awaitable, Pin, PinStore } from '../../core/store.ts';
import { transact } from './database.ts';
import { attempt } from './failure.ts';
import { patiently } from './patience.ts';

const COLUMNS = 'server, tool, digest, found, at';

/** `PinStore` on one SQLite file; synchronous while no other process holds it, for which a change waits `patienceMs`. */
export function createPinStore(db: DatabaseSync, path: string, patienceMs: number): PinStore {
  const all = db.prepare(`SELECT ${COLUMNS} FROM pins ORDER BY server, tool`);
  const ofServer = db.prepare(`SELECT ${COLUMNS} FROM pins WHERE server = ? ORDER BY tool`);
  const see = db.prepare(
    `INSERT INTO pins (server, tool, digest, at) VALUES (?, ?, ?, ?)
     ON CONFLICT (server, tool) DO UPDATE SET found = nullif(excluded.digest, digest)`,
  );
  const accept = db.prepare(
    'UPDATE pins SET digest = found, found = NULL, at = ? WHERE server = ? AND tool = ? AND found = ?',
  );
  const change = <T>(work: () => T): Awaitable<T> =>
    patiently(() => attempt(path, () => transact(db, work)), patienceMs);
  return {
    list: (server) => attempt(path, () => (server === null ? all.all() : ofServer.all(server)) as unknown as Pin[]),
    see: (server, digests, now) =>
      change(() => {
        for (const [tool, digest] of digests) see.run(server, tool, digest, now);
      }),
    accept: ({ server, tool, found }, now) => change(() => accept.run(now, server, tool, found).changes > 0),
  };
}
