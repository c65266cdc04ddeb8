import type { DatabaseSync } from 'node:sqlite';
import { toPinChange } from '../../core/pin-change.ts';
import type { Awaitable, Pin, PinStore } from '../../core/store.ts';
import { attempt } from './failure.ts';
import { patiently } from './patience.ts';
import { transactNoted, UNWRITTEN, type WriteDown } from './write-down.ts';

const COLUMNS = 'server, tool, digest, found, at';

interface PinStoreOptions {
  readonly path: string;
  readonly patienceMs: number;
  /** Writes an acceptance down and then commits it; where either fails there is neither. */
  readonly record?: WriteDown;
}

/** `PinStore` on one SQLite file; synchronous while no other process holds it, for which a change waits `patienceMs`. */
export function createPinStore(db: DatabaseSync, { path, patienceMs, record = UNWRITTEN }: PinStoreOptions): PinStore {
  const all = db.prepare(`SELECT ${COLUMNS} FROM pins ORDER BY server, tool`);
  const ofServer = db.prepare(`SELECT ${COLUMNS} FROM pins WHERE server = ? ORDER BY tool`);
  const see = db.prepare(
    `INSERT INTO pins (server, tool, digest, at) VALUES (?, ?, ?, ?)
     ON CONFLICT (server, tool) DO UPDATE SET found = nullif(excluded.digest, digest)`,
  );
  const accept = db.prepare(
    // Both digests, so that what is written down of it is what was there.
    'UPDATE pins SET digest = found, found = NULL, at = ? WHERE server = ? AND tool = ? AND digest = ? AND found = ?',
  );
  const change = <T>(work: Parameters<typeof transactNoted<T>>[1]): Awaitable<T> =>
    patiently(() => attempt(path, () => transactNoted({ db, path }, work, record)), patienceMs);
  return {
    list: (server) => attempt(path, () => (server === null ? all.all() : ofServer.all(server)) as unknown as Pin[]),
    see: (server, digests, now) =>
      change(() => {
        for (const [tool, digest] of digests) see.run(server, tool, digest, now);
      }),
    accept: (pin, now) =>
      change((note) => {
        const { server, tool, digest, found } = pin;
        if (accept.run(now, server, tool, digest, found).changes === 0) return false;
        note(toPinChange(pin, now));
        return true;
      }),
  };
}
