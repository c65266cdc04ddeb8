import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { VERDICT_HOLDS_MS } from '../../core/verifier.ts';
import { createMarkReader } from './change-mark.ts';
import type { Hold } from './hold.ts';

/** How long one look at the file holds. Whatever takes away answers no sooner, so nobody can know of it before all do. */
const LOOK_HOLDS_MS = 5;

/** `Store.version` of one open file, of which `bump` is told what is changed through it. */
export function createVersion(db: DatabaseSync, hold: Hold) {
  // Tells of other connections' commits only, so our own are counted here.
  const statement = db.prepare('PRAGMA data_version');
  statement.setReturnArrays(true);
  const readMark = createMarkReader(db);
  let seen = 0;
  let mark: string | null = null;
  let version = 0;
  let kept = true;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const look = (at: number): void => {
    const [found] = statement.get() as unknown as [number];
    lookedAt = at;
    // What is remembered of a file that is there no more holds for nobody.
    const held = hold.kept;
    if (held === kept && found === seen) return;
    // After `found`: what is committed between the two is in this mark, and what comes later moves the next `found`.
    const left = readMark();
    if (held !== kept || left === null || left !== mark) version++;
    kept = held;
    seen = found;
    mark = left;
  };
  return {
    read(): number {
      const at = performance.now();
      if (at - lookedAt >= LOOK_HOLDS_MS) look(at);
      return version;
    },
    bump(): void {
      version++;
    },
    /** Over when nobody acts on an older look any more, in any process. A timer may fire up to 1 ms early. */
    seenByAll: (): Promise<void> => sleep(LOOK_HOLDS_MS + VERDICT_HOLDS_MS + 1),
  };
}
