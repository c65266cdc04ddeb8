import { open, type FileHandle } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import type { TrailLine, TrailStore } from '../../core/store.ts';
import { transact } from './database.ts';
import { attempt, toStoreError } from './failure.ts';

const DEFAULT_LIMIT = 1000;
const PRUNE_CHUNK = 2000;

/**
 * `TrailStore` on one SQLite file that commits with synchronous = NORMAL. `append` resolves when the lines are on the
 * disk, but waits for it on another thread: in SQLite's own FULL mode every request would wait with it.
 */
export function createTrailStore(db: DatabaseSync, path: string): TrailStore & { close(): Promise<void> } {
  const log = createWalSync(path);
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

  const insertAll = (lines: readonly TrailLine[]) => {
    let seq = readLastSeq();
    for (const line of lines) insert.run(++seq, line.at, line.decision, line.json);
  };

  return {
    async append(lines) {
      attempt(path, () => transact(db, () => insertAll(lines)));
      await log.sync();
    },

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

    close: log.close,
  };
}

/** No lock is on the -wal file itself, so closing this handle drops none (see `prepareFile`). */
function createWalSync(path: string) {
  let opening: Promise<FileHandle> | null = null;
  return {
    async sync(): Promise<void> {
      try {
        opening ??= open(`${path}-wal`, 'r+');
        await (await opening).datasync();
      } catch (error) {
        opening = null;
        throw toStoreError(path, error);
      }
    },
    async close(): Promise<void> {
      const handle = await opening?.catch(() => null);
      await handle?.close();
    },
  };
}
