import { isLive } from '../../core/credential-life.ts';
import { toCredentialChange } from '../../core/credential-change.ts';
import { LatchkeyError } from '../../core/error.ts';
import type {
  CredentialKey,
  CredentialRecord,
  CredentialStore,
  NewCredential,
  RotateOutcome,
  Successor,
} from '../../core/store.ts';
import type { UnsignedChange } from '../../core/trail.ts';
import { findObstacle, toNewCredential } from '../successor.ts';
import { randomHex } from './random-hex.ts';

interface Row {
  /** Replaced whole, never written to: whoever read it keeps what they read. */
  record: CredentialRecord;
}

/** By digest, oldest first. */
export type Rows = Map<string, Row>;

interface CredentialStoreOptions {
  /** Runs after each call that grants or takes away. */
  readonly onChange: () => void;
  /** Writes a change down before it is done; where it throws nothing is. */
  readonly record?: (change: UnsignedChange) => void;
}

type Update = readonly [Row, Partial<CredentialRecord>];

/** `CredentialStore` on a map. No call waits in between, so each is atomic. */
export function createCredentialStore(
  rows: Rows,
  { onChange, record = () => {} }: CredentialStoreOptions,
): CredentialStore {
  const find = (test: (record: CredentialRecord) => boolean): Row | null =>
    [...rows.values()].findLast((row) => test(row.record)) ?? null;
  const findByKey = (key: CredentialKey): Row | null => {
    if ('hash' in key) return rows.get(key.hash) ?? null;
    return find('id' in key ? ({ id }) => id === key.id : ({ kind, name }) => kind === key.kind && name === key.name);
  };
  const select = (test: (record: CredentialRecord) => boolean): Row[] =>
    [...rows.values()].filter((row) => test(row.record));
  /** What ends, at `ends` or earlier, when its successor is with its holder. */
  const predecessors = ({ family, id }: CredentialRecord): Row[] =>
    select((each) => each.family === family && each.id !== id && each.rotatedAt !== null);
  const refuseTwice = ({ hash }: { readonly hash: string }): void => {
    if (rows.has(hash)) throw twice();
  };
  const commit = (updates: readonly Update[]): void => {
    for (const [row, update] of updates) row.record = Object.freeze({ ...row.record, ...update });
    onChange();
  };

  return {
    create(credential, now) {
      const { kind, name } = credential;
      const taken = find(
        (each) => each.kind === kind && each.name === name && each.rotatedAt === null && isLive(each, now),
      );
      if (taken !== null) return 'name-taken';
      refuseTwice(credential);
      const made = toRecord(credential, null, now);
      record(toCredentialChange({ at: now, verb: 'create', subject: made, ended: [] }));
      rows.set(credential.hash, { record: made });
      commit([]);
      return made;
    },

    findByHash: (hash) => rows.get(hash)?.record ?? null,
    find: (id) => find((each) => each.id === id)?.record ?? null,
    findByName: (kind, name) => findByKey({ kind, name })?.record ?? null,
    list: (kind) => select((each) => each.kind === kind).map((row) => row.record),

    rotate(key, successor, graceMs, now): RotateOutcome {
      const found = findByKey(key);
      const obstacle = findObstacle(found?.record ?? null, now);
      if (found === null || obstacle !== null) return { kind: obstacle ?? 'absent' };
      const ends = successor.undelivered ? Infinity : now + graceMs;
      refuseTwice(successor);
      const issued = toRecord(toNewCredential(found.record, successor), found.record.family, now);
      // Its own predecessors waited for a delivery that is not to come.
      const waiting = found.record.undelivered && !successor.undelivered ? predecessors(found.record) : [];
      const ended = successor.undelivered ? [] : [found.record.id];
      record(toCredentialChange({ at: now, verb: 'rotate', subject: issued, ended }));
      rows.set(successor.hash, { record: issued });
      commit([
        [found, { rotatedAt: now, expiresAt: earlier(found.record.expiresAt, ends) }],
        ...waiting.map(endAt(ends)),
      ]);
      return { kind: 'rotated', successor: issued, predecessor: found.record };
    },

    settle(id, graceMs, now) {
      const found = find((each) => each.id === id && each.undelivered === true);
      if (found === null) return false;
      const others = predecessors(found.record);
      const subject = { ...found.record, undelivered: false };
      const ended = others.map((row) => row.record.id);
      record(toCredentialChange({ at: now, verb: 'deliver', subject, ended }));
      commit([[found, subject], ...others.map(endAt(now + graceMs))]);
      return true;
    },

    revoke(key, now) {
      const found = findByKey(key);
      if (found === null) return [];
      // By name, whatever lives by that name ends, though it may be of an older family.
      const isMeant =
        'name' in key
          ? (each: CredentialRecord) => each.kind === key.kind && each.name === key.name
          : ({ family }: CredentialRecord) => family === found.record.family;
      // What has expired is marked too: it would live again if the clock were set back.
      const marked = select((each) => isMeant(each) && each.revokedAt === null);
      const ended = marked.filter(({ record: each }) => isLive(each, now));
      commit(marked.map((row) => [row, { revokedAt: now }]));
      const subject = ended.at(-1)?.record;
      const ids = ended.map((row) => row.record.id);
      if (subject !== undefined) record(toCredentialChange({ at: now, verb: 'revoke', subject, ended: ids }));
      return ended.map((row) => row.record);
    },

    // Not a change of what anyone may do, so cached verdicts hold.
    countUses(counted) {
      for (const [id, { count, lastUsedAt }] of counted) {
        const row = find((each) => each.id === id);
        if (row === null) continue;
        const uses = row.record.uses + count;
        row.record = Object.freeze({
          ...row.record,
          uses,
          lastUsedAt: Math.max(row.record.lastUsedAt ?? 0, lastUsedAt),
        });
      }
    },
  };
}

const endAt =
  (ends: number) =>
  (row: Row): Update => [row, { expiresAt: earlier(row.record.expiresAt, ends) }];

/** `ends` is Infinity where it sets no end. */
function earlier(expiresAt: number | null, ends: number): number | null {
  const end = Math.min(expiresAt ?? Infinity, ends);
  return end === Infinity ? null : end;
}

/** `family` is null for a credential that replaces none. */
function toRecord(
  credential: NewCredential & Partial<Successor>,
  family: string | null,
  now: number,
): CredentialRecord {
  const { kind, name, owner, scopes, servers, expiresAt, hint, undelivered = false } = credential;
  const id = randomHex(10);
  return Object.freeze({
    id,
    family: family ?? id,
    kind,
    name,
    owner,
    expiresAt,
    hint,
    scopes: Object.freeze([...scopes]),
    servers: servers && Object.freeze([...servers]),
    createdAt: now,
    revokedAt: null,
    rotatedAt: null,
    lastUsedAt: null,
    uses: 0,
    undelivered,
  });
}

function twice(): LatchkeyError {
  return new LatchkeyError('E_INTERNAL', 'There is a credential with that digest already.', {
    hint: 'Make each credential anew.',
  });
}
