import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { toCredentialChange } from '../../core/credential-change.ts';
import { LatchkeyError } from '../../core/error.ts';
import type { Awaitable, CredentialStore, RotateOutcome } from '../../core/store.ts';
import type { UnsignedChange } from '../../core/trail.ts';
import { findObstacle, toNewCredential } from '../successor.ts';
import { FOREVER, prepareStatements } from './credential-statements.ts';
import { transact } from './database.ts';
import { attempt } from './failure.ts';
import type { Hold } from './hold.ts';
import { isLocked, LONGEST_WAIT_MS, patiently } from './patience.ts';
import { transactNoted, UNWRITTEN, type WriteDown } from './write-down.ts';

interface CredentialStoreOptions {
  readonly path: string;
  /** Of the file at that path: one that is there no more answers nothing. */
  readonly hold: Hold;
  /** How long a change may wait for another process that holds the store. */
  readonly patienceMs: number;
  /** Runs after each call that grants or takes away. */
  readonly onChange: () => void;
  /** What takes away answers after this. */
  readonly seenByAll: () => Promise<void>;
  /** Writes a change down and then commits it; where either fails there is neither, but for a revocation. */
  readonly record?: WriteDown;
}

/** `CredentialStore` on one SQLite file; what takes nothing away is synchronous while no other process holds the file. */
export function createCredentialStore(
  db: DatabaseSync,
  { path, hold, patienceMs, onChange, seenByAll, record = UNWRITTEN }: CredentialStoreOptions,
): CredentialStore {
  const statements = prepareStatements(db);
  const { byHash, byId, byName, byKind, findByKey } = statements;

  const ask = <T>(work: () => T): T =>
    attempt(path, () => {
      hold.confirm();
      return work();
    });

  /** `work` notes what is to be written down of it. */
  const change = <T>(work: (note: (change: UnsignedChange) => void) => T, write = record): Awaitable<T> =>
    patiently(() => {
      try {
        return ask(() => transactNoted({ db, path }, work, write));
      } finally {
        // After a failure too: whether a commit that failed reached the disk is not known.
        onChange();
      }
    }, patienceMs);

  const takeAway = async <T>(...args: Parameters<typeof change<T>>): Promise<T> => {
    const outcome = await change(...args);
    await seenByAll();
    return outcome;
  };

  return {
    create: (credential, now) =>
      change((note) => {
        if (statements.liveByName.one({ kind: credential.kind, name: credential.name, now })) return 'name-taken';
        const id = createId();
        const made = statements.insert(credential, id, id, now);
        note(toCredentialChange({ at: now, verb: 'create', subject: made, ended: [] }));
        return made;
      }),

    findByHash: (hash) => ask(() => byHash.one(hash)),
    find: (id) => ask(() => byId.one(id)),
    findByName: (kind, name) => ask(() => byName.one(kind, name)),
    list: (kind) => ask(() => byKind.all(kind)),

    rotate: (key, successor, graceMs, now) =>
      takeAway((note): RotateOutcome => {
        const found = findByKey(key);
        const obstacle = findObstacle(found, now);
        if (found === null || obstacle !== null) return { kind: obstacle ?? 'absent' };
        const ends = successor.undelivered ? FOREVER : now + graceMs;
        statements.retire.run({ id: found.id, now, ends, forever: FOREVER });
        const issued = statements.insert(toNewCredential(found, successor), createId(), found.family, now);
        // Its own predecessors waited for a delivery that is not to come.
        if (found.undelivered && !successor.undelivered) statements.endOthers.run({ id: issued.id, ends });
        const ended = successor.undelivered ? [] : [found.id];
        note(toCredentialChange({ at: now, verb: 'rotate', subject: issued, ended }));
        return { kind: 'rotated', successor: issued, predecessor: byId.one(found.id)! };
      }),

    settle: (id, graceMs, now) =>
      takeAway((note) => {
        if (statements.deliver.run({ id }).changes === 0) return false;
        statements.endOthers.run({ id, ends: now + graceMs });
        const subject = byId.one(id)!;
        const ended = statements.predecessors.all(subject.family, id).map((each) => each.id);
        note(toCredentialChange({ at: now, verb: 'deliver', subject, ended }));
        return true;
      }),

    async revoke(key, now) {
      const insisting = createInsisting(record, patienceMs);
      const revoked = await takeAway((note) => {
        const ended = statements.revoke(key, now);
        const subject = ended.at(-1);
        if (subject === undefined) return ended;
        note(toCredentialChange({ at: now, verb: 'revoke', subject, ended: ended.map(({ id }) => id) }));
        return ended;
      }, insisting.write);
      if (insisting.unwritten === null) return revoked;
      throw new LatchkeyError('E_TRAIL_UNWRITTEN', 'It was revoked, but the trail could not be written.', {
        hint: 'It lets nobody in any more. See to the disk and the rights of the trail’s folder.',
        cause: insisting.unwritten,
      });
    },

    // Not a change of what anyone may do, so cached verdicts hold.
    countUses: (uses) =>
      patiently(
        () =>
          ask(() =>
            transact(db, () => {
              for (const [id, { count, lastUsedAt }] of uses) statements.addUses.run({ id, count, lastUsedAt });
            }),
          ),
        patienceMs,
      ),
  };
}

/**
 * Commits also what cannot be written down, and keeps why in `unwritten`. It does not wait as long as others for a trail
 * that another process holds.
 */
function createInsisting(record: WriteDown, patienceMs: number) {
  const until = performance.now() + Math.min(LONGEST_WAIT_MS, patienceMs / 2);
  const insisting = {
    unwritten: null as unknown,
    write(change: UnsignedChange, commit: () => void): void {
      let written = false;
      insisting.unwritten = null;
      try {
        record(change, () => {
          written = true;
          commit();
        });
      } catch (error) {
        if (written || (isLocked(error) && performance.now() < until)) throw error;
        insisting.unwritten = error;
        commit();
      }
    },
  };
  return insisting;
}

function createId(): string {
  return randomBytes(10).toString('hex');
}
