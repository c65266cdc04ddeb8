import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../packages/latchkey/src/core/store.ts';
import type { Verdict } from '../../packages/latchkey/src/core/verifier.ts';
import { createCredentialStore } from '../../packages/latchkey/src/store/sqlite/credentials.ts';
import { openDatabase } from '../../packages/latchkey/src/store/sqlite/database.ts';
import { holdDatabase } from '../../packages/latchkey/src/store/sqlite/hold.ts';
import { CREDENTIALS_SCHEMA } from '../../packages/latchkey/src/store/sqlite/migrations.ts';
import { openStore } from '../../packages/latchkey/src/store/sqlite/open.ts';
import { mintCredential } from '../../packages/latchkey/src/verify/mint.ts';
import { createStoredVerifier } from '../../packages/latchkey/src/verify/stored-credential.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
/** The schema of a Latchkey that knew of no marks. */
const OLDER = { ...CREDENTIALS_SCHEMA, migrations: CREDENTIALS_SCHEMA.migrations.slice(0, 2) };

/** Until a look is taken again: the last one holds for 5 ms, and a timer may fire early. */
const lookAgain = () => sleep(7);

async function issue(credentials: Store['credentials'], name: string) {
  const { secret, hash, hint } = mintCredential('lk_');
  const rights = { owner: null, scopes: ['*'], servers: null, expiresAt: null };
  const record = await credentials.create({ kind: 'token', name, ...rights, hash, hint }, NOW);
  if (record === 'name-taken') throw new Error(record);
  return { secret, id: record.id };
}

type Issued = Awaited<ReturnType<typeof issue>>;

const useOf = (id: string) => new Map([[id, { count: 1, lastUsedAt: NOW }]]);

/** Puts what is in one database into another, as `.backup` and `.restore` of sqlite3 do; who has that open keeps it. */
async function replace(path: string, from: string): Promise<void> {
  const db = new DatabaseSync(from);
  await backup(db, path);
  db.close();
}

describe('version (sqlite)', () => {
  let folder: string;
  let file: string;
  let copy: string;
  const closing: (() => unknown)[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-version-'));
    file = join(folder, 'credentials.db');
    copy = join(folder, 'copy.db');
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    rmSync(folder, { recursive: true });
  });

  const open = async (): Promise<Store> => {
    const store = await openStore(folder);
    closing.push(() => store.close());
    return store;
  };

  /** As somebody edits a store by hand, by a program that knows nothing of us. */
  const edit = (sql: string): void => {
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
  };

  /** As a Latchkey has it open that is older than marks; it does not look at the schema again. */
  const openOlder = () => {
    const db = openDatabase(file, OLDER, { busyTimeoutMs: 1000, check: false });
    closing.push(() => db.close());
    const seen = { onChange: () => {}, seenByAll: async () => {} };
    return createCredentialStore(db, { path: file, hold: holdDatabase(file, db), patienceMs: 1000, ...seen });
  };

  /** A gateway's memory over a store of its own: what it says of credentials, and how often it had to look them up. */
  const openGateway = async () => {
    const store = await open();
    let lookUps = 0;
    const findByHash = (hash: string) => {
      lookUps += 1;
      return store.credentials.findByHash(hash);
    };
    const verifier = createStoredVerifier({ findByHash }, { version: () => store.version(), prefixes: ['lk_'] });
    const ask = async ({ secret }: Issued): Promise<string> => {
      await lookAgain();
      const verdict = (await verifier.verify({ scheme: 'bearer', proof: null, secret }, 'files', NOW)) as Verdict;
      return verdict.kind === 'reject' ? verdict.reason : verdict.kind;
    };
    return { store, ask, lookUps: () => lookUps };
  };

  it('stays when another connection counts uses or notes definitions of tools', async () => {
    const other = await open();
    const token = await issue(other.credentials, 'a');
    const gateway = await openGateway();
    expect(await gateway.ask(token)).toBe('accept');
    for (let turn = 1; turn <= 5; turn += 1) {
      await other.credentials.countUses(useOf(token.id));
      expect(await gateway.ask(token)).toBe('accept');
      await other.pins.see('files', new Map([['read', 'a'.repeat(64)]]), NOW + turn);
      expect(await gateway.ask(token)).toBe('accept');
    }
    expect(gateway.lookUps()).toBe(1);
    expect((await gateway.store.credentials.find(token.id))?.uses).toBe(5);
  });

  it('moves with every column but the two of the uses, whoever edits it', async () => {
    const store = await open();
    await issue(store.credentials, 'a');
    const other: Record<string, string> = {
      seq: 'seq + 10',
      hash: "replace(hash, substr(hash, 1, 1), 'x')",
      kind: "'key'",
      scopes: "'[]'",
      servers: "'[]'",
    };
    const db = new DatabaseSync(file);
    closing.push(() => db.close());
    const columns = db.prepare("SELECT name, type FROM pragma_table_info('credentials')").all();
    const moved: string[] = [];
    for (const { name, type } of columns as { name: string; type: string }[]) {
      await lookAgain();
      const before = await store.version();
      db.exec(`UPDATE credentials SET ${name} = ${other[name] ?? (type === 'INTEGER' ? '7' : "'other'")}`);
      await lookAgain();
      if ((await store.version()) !== before) moved.push(name);
    }
    const still = columns.map(({ name }) => name as string).filter((name) => !moved.includes(name));
    expect(still.sort()).toEqual(['last_used_at', 'uses']);
  });

  it.for([
    ['an insertion', "INSERT INTO credentials SELECT seq + 9, 'x' || substr(hash, 2), 'y', %"],
    ['one that ignores conflicts', "INSERT OR IGNORE INTO credentials SELECT seq + 9, 'x' || substr(hash, 2), 'y', %"],
    ['a replacement', "REPLACE INTO credentials SELECT seq, 'x' || substr(hash, 2), 'y', %"],
    ['an update that ignores conflicts', 'UPDATE OR IGNORE credentials SET revoked_at = 1'],
    ['an update that replaces', "UPDATE OR REPLACE credentials SET rowid = 2 WHERE name = 'a'"],
    ['a change of its number by another name', 'UPDATE credentials SET "OID" = seq + 9'],
    ['uses and an end in one', 'UPDATE credentials SET uses = uses + 1, expires_at = 1'],
    [
      'a conflict that updates',
      "INSERT INTO credentials SELECT seq, hash, 'y', % ON CONFLICT DO UPDATE SET revoked_at = 1",
    ],
    ['a deletion', "DELETE FROM credentials WHERE name = 'a'"],
    ['a deletion of all', 'DELETE FROM credentials'],
    ['no table any more', 'DROP TABLE credentials'],
    [
      'another table in its place',
      'ALTER TABLE credentials RENAME TO gone; CREATE TABLE credentials AS SELECT * FROM gone',
    ],
  ] as const)('moves with %s by hand', async ([, sql]) => {
    const store = await open();
    await issue(store.credentials, 'a');
    await issue(store.credentials, 'b');
    await lookAgain();
    const before = await store.version();
    const rest = `family, kind, name, owner, scopes, servers, created_at, expires_at, revoked_at, rotated_at, last_used_at,
      uses, hint, undelivered FROM credentials WHERE name = 'a'`;
    edit(sql.replace('%', rest));
    await lookAgain();
    expect(await store.version()).not.toBe(before);
  });

  describe('beside an older Latchkey that has the store open', () => {
    it('sees what that one revokes, rotates and creates, and not its uses', async () => {
      const older = openOlder();
      const [a, b, c] = [await issue(older, 'a'), await issue(older, 'b'), await issue(older, 'c')];
      const gateway = await openGateway();
      for (const token of [a, b, c]) expect(await gateway.ask(token)).toBe('accept');
      await older.countUses(useOf(a.id));
      for (const token of [a, b, c]) expect(await gateway.ask(token)).toBe('accept');
      expect(gateway.lookUps()).toBe(3);
      await older.revoke({ id: a.id }, NOW);
      expect(await gateway.ask(a)).toBe('credential-revoked');
      const { hash, hint } = mintCredential('lk_');
      await older.rotate({ id: b.id }, { hash, hint, expiresAt: null }, 0, NOW);
      expect(await gateway.ask(b)).toBe('credential-expired');
      expect(await gateway.ask(await issue(older, 'd'))).toBe('accept');
      expect(await gateway.ask(c)).toBe('accept');
    });

    it('keeps what was in the store, which that one cannot open any more', async () => {
      const token = await issue(openOlder(), 'a');
      const gateway = await openGateway();
      expect(await gateway.ask(token)).toBe('accept');
      expect(openOlder).toThrow(expect.objectContaining({ code: 'E_STORE_NEWER' }));
    });
  });

  describe('of a store whose schema was tampered with', () => {
    const NAMES = ['credentials_inserted', 'credentials_deleted', 'credentials_updated'];
    const drop = NAMES.map((name) => `DROP TRIGGER ${name};`).join('');

    it.for([
      ['a trigger is gone', 'DROP TRIGGER credentials_updated'],
      ['all triggers are gone', drop],
      [
        'a trigger does nothing',
        `DROP TRIGGER credentials_updated;
         CREATE TRIGGER credentials_updated AFTER UPDATE ON credentials BEGIN SELECT 1; END`,
      ],
      ['triggers were written anew', 'ALTER TABLE credentials RENAME TO away; ALTER TABLE away RENAME TO credentials'],
      ['there is no mark', 'DELETE FROM credentials_mark'],
      ['there is neither a trigger nor a table of marks', `${drop} DROP TABLE credentials_mark`],
    ] as const)('moves with every commit of others where %s', async ([, sql]) => {
      const other = await open();
      const [a, b] = [await issue(other.credentials, 'a'), await issue(other.credentials, 'b')];
      const gateway = await openGateway();
      expect([await gateway.ask(a), await gateway.ask(b)]).toEqual(['accept', 'accept']);
      edit(sql);
      expect([await gateway.ask(a), await gateway.ask(b)]).toEqual(['accept', 'accept']);
      // Whether anything but uses was changed cannot be told.
      const before = await gateway.store.version();
      await other.credentials.countUses(useOf(a.id));
      await lookAgain();
      expect(await gateway.store.version()).not.toBe(before);
      await other.credentials.revoke({ id: a.id }, NOW);
      expect(await gateway.ask(a)).toBe('credential-revoked');
      edit("UPDATE credentials SET revoked_at = 1 WHERE name = 'b'");
      expect(await gateway.ask(b)).toBe('credential-revoked');
    });

    it('moves where a change was made while the triggers were gone', async () => {
      const gateway = await openGateway();
      const token = await issue(gateway.store.credentials, 'a');
      expect(await gateway.ask(token)).toBe('accept');
      const db = new DatabaseSync(file);
      const made = db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").all();
      db.close();
      expect(made).toHaveLength(NAMES.length);
      edit(`${drop} UPDATE credentials SET revoked_at = 1; ${made.map(({ sql }) => sql).join(';')}`);
      expect(await gateway.ask(token)).toBe('credential-revoked');
      const before = await gateway.store.version();
      await (await open()).credentials.countUses(useOf(token.id));
      await lookAgain();
      expect(await gateway.store.version()).toBe(before);
    });
  });

  describe('of a store into which a backup was put while it was open', () => {
    it('moves, though as many changes were made of it since as there were before', async () => {
      const other = await open();
      const a = await issue(other.credentials, 'a');
      await replace(copy, file);
      const b = await issue(other.credentials, 'b');
      const gateway = await openGateway();
      expect([await gateway.ask(a), await gateway.ask(b)]).toEqual(['accept', 'accept']);
      await replace(file, copy);
      await other.credentials.revoke({ id: a.id }, NOW);
      expect([await gateway.ask(a), await gateway.ask(b)]).toEqual(['credential-revoked', 'credential-unknown']);
    });

    it('moves with every commit of others where the backup is older than marks', async () => {
      const db = openDatabase(copy, OLDER, { busyTimeoutMs: 1000, check: false });
      db.close();
      const gateway = await openGateway();
      const a = await issue(gateway.store.credentials, 'a');
      expect(await gateway.ask(a)).toBe('accept');
      await replace(file, copy);
      expect(await gateway.ask(a)).toBe('credential-unknown');
      const older = openOlder();
      const b = await issue(older, 'b');
      expect(await gateway.ask(b)).toBe('accept');
      await older.revoke({ id: b.id }, NOW);
      expect(await gateway.ask(b)).toBe('credential-revoked');
    });
  });
});
