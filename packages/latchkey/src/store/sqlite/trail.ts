import type { DatabaseSync } from 'node:sqlite';
import type { TrailStore } from '../../core/store.ts';
import { transact } from './database.ts';
import { attempt } from './failure.ts';

const DEFAULT_LIMIT = 1000;
const PRUNE_CHUNK = 2000;

/** `TrailStore` on one SQLite file; synchronous but for `prune`, which lets others run between its chunks. */
export function createTrailStore(db: DatabaseSync, path: string): TrailStore {
  const lastSeq = db.prepare('SELECT max(last_seq, ifnull((SELECT max(seq) FROM trail), 0)) AS seq FROM pruned');
  const insert = db.prepare('INSERT INTO trail (seq, at, decision, json) VALUES (?, ?, ?, ?)');
  const select = db.prepare(
    `SELECT seq, json FROM trail WHERE seq > :after AND at >= :since AND (:decision IS NULL OR decision = :decision)
     ORDER BY seq DESC LIMIT :limit`,
  );
  const remember = db.prepare('UPDATE pruned SET last_seq = ?');
  const remove = db.prepare(
    'DELETE FROM trail WHERE at < :before AND seq IN (SELECT seq FROM trail ORDER BY seq LIMIT :chunk)',
  );

  const readLastSeq = () => (lastSeq.get() as { seq: number }).seq;

  const removeChunk = (before: number) =>
    transact(db, () => {
      remember.run(readLastSeq());
      return Number(remove.run({ before, chunk: PRUNE_CHUNK }).changes);
    });

  return {
    append: (lines) =>
      attempt(path, () =>
        transact(db, () => {
          let seq = readLastSeq();
          for (const line of lines) insert.run(++seq, line.at, line.decision, line.json);
        }),
      ),

    read: ({ since, decision, after, limit }) =>
      attempt(path, () => {
        const query = {
          since: since ?? 0,
          decision: decision ?? null,
          after: after ?? 0,
          limit: limit ?? DEFAULT_LIMIT,
        };
        return (select.all(query) as { seq: number; json: string }[]).toReversed();
      }),

    /** Stops at the first chunk of old lines that holds a young one; a stray old line behind it goes next time. */
    async prune(before) {
      let total = 0;
      for (;;) {
        const removed = attempt(path, () => removeChunk(before));
        total += removed;
        if (removed < PRUNE_CHUNK) return total;
        await new Promise(setImmediate);
      }
    },
  };
}
