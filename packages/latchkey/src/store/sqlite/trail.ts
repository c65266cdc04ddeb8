import { open, type FileHandle } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { LatchkeyError } from '../../core/error.ts';
import type { TrailLine, TrailStore } from '../../core/store.ts';
import { transact } from './database.ts';
import { attempt, toStoreError } from './failure.ts';

const DEFAULT_LIMIT = 1000;
const BATCH_LINES = 1000;
const DECISIONS: ReadonlySet<string> = new Set(['allow', 'deny']);

interface BatchRow {
  readonly last_seq: number;
  readonly count: number;
  readonly lines: string;
}

/**
 * `TrailStore` on one SQLite file that commits with synchronous = NORMAL. `append` resolves when the lines are on the
 * disk, but waits for it on another thread: in SQLite's own FULL mode every request would wait with it.
 */
export function createTrailStore(db: DatabaseSync, path: string): TrailStore & { close(): Promise<void> } {
  const log = createWalSync(path);
  const lastSeq = db.prepare('SELECT max(last_seq, ifnull((SELECT max(last_seq) FROM batches), 0)) AS seq FROM pruned');
  const insert = db.prepare('INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)');
  const select = db.prepare(
    `SELECT last_seq, count, lines FROM batches
     WHERE last_seq > :after AND last_at >= :since
     AND (:decision IS NULL OR CASE :decision WHEN 'deny' THEN denials > 0 ELSE denials < count END)
     ORDER BY last_seq DESC`,
  );
  const remember = db.prepare('UPDATE pruned SET last_seq = ?');
  const oldest = db.prepare('SELECT last_seq, count, lines FROM batches WHERE first_at < ? ORDER BY last_seq LIMIT 1');
  const remove = db.prepare('DELETE FROM batches WHERE last_seq = ?');

  const readLastSeq = () => (lastSeq.get() as { seq: number }).seq;

  const insertBatch = (last: number, lines: readonly TrailLine[]): void => {
    const times = lines.map(({ at }) => at);
    const denials = lines.filter(({ decision }) => decision === 'deny').length;
    insert.run(last, lines.length, Math.min(...times), Math.max(...times), denials, lines.map(writeLine).join('\n'));
  };

  const insertAll = (lines: readonly TrailLine[]): void => {
    let seq = readLastSeq();
    for (let from = 0; from < lines.length; from += BATCH_LINES) {
      const batch = lines.slice(from, from + BATCH_LINES);
      seq += batch.length;
      insertBatch(seq, batch);
    }
  };

  /** Takes the old lines out of the oldest batch that has any; null when there is none. */
  const pruneOne = (before: number): number | null =>
    transact(db, () => {
      const row = oldest.get(before) as BatchRow | undefined;
      if (row === undefined) return null;
      remember.run(readLastSeq());
      remove.run(row.last_seq);
      const young = readLines(row).filter(({ at }) => at >= before);
      if (young.length > 0) insertBatch(row.last_seq, young);
      return row.count - young.length;
    });

  return {
    async append(lines) {
      attempt(path, () => transact(db, () => insertAll(lines)));
      await log.sync();
    },

    read: ({ since = 0, decision, after = 0, limit = DEFAULT_LIMIT }) =>
      attempt(path, () => {
        const found: { seq: number; json: string }[] = [];
        for (const row of select.iterate({ since, decision: decision ?? null, after }) as Iterable<unknown>) {
          for (const line of readLines(row as BatchRow).toReversed()) {
            if (found.length >= limit) return found.toReversed();
            if (line.seq > after && line.at >= since && (decision === undefined || line.decision === decision))
              found.push(line);
          }
        }
        return found.toReversed();
      }),

    async prune(before) {
      let total = 0;
      for (;;) {
        const removed = attempt(path, () => pruneOne(before));
        if (removed === null) return total;
        total += removed;
        await new Promise(setImmediate);
      }
    },

    close: log.close,
  };
}

// `a` or `d`, the time, the JSON text, which starts with a brace and holds no line break.
function writeLine({ at, decision, json }: TrailLine): string {
  const sound = Number.isSafeInteger(at) && json.startsWith('{') && !json.includes('\n') && DECISIONS.has(decision);
  if (!sound) throw new LatchkeyError('E_INTERNAL', 'This is no line of the trail.', { hint: 'please report this' });
  return `${decision === 'deny' ? 'd' : 'a'}${at}${json}`;
}

function readLines({ last_seq: last, count, lines }: BatchRow): (TrailLine & { readonly seq: number })[] {
  return lines.split('\n').map((line, index) => {
    const brace = line.indexOf('{');
    return {
      seq: last - count + 1 + index,
      at: Number(line.slice(1, brace)),
      decision: line.startsWith('d') ? 'deny' : 'allow',
      json: line.slice(brace),
    };
  });
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
