import { execFileSync, spawnSync } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewCredential } from '../../packages/latchkey/src/core/store.ts';
import { openStore } from '../../packages/latchkey/src/store/sqlite/open.ts';
import { testStore } from '../../packages/latchkey/src/testing/test-store.ts';
import { mountReadOnly } from '../fixtures/small-disk.ts';
import { describeProcesses } from './processes.ts';

const MODULE = new URL('../../packages/latchkey/src/store/sqlite/open.ts', import.meta.url);
const BUSY = { busyTimeoutMs: 50 };

const places = mkdtempSync(join(tmpdir(), 'latchkey-store-'));
afterAll(() => rm(places, { recursive: true }));

describe('store: sqlite', () => {
  testStore({ describe, it, open: (place) => openStore(join(places, place)) });
});

describeProcesses({
  name: 'sqlite',
  module: MODULE,
  createLocation: async () => join(await mkdtemp(join(tmpdir(), 'latchkey-store-')), 'store'),
  removeLocation: (location) => rm(join(location, '..'), { recursive: true }),
  open: openStore,
});

const TOKEN: NewCredential = {
  kind: 'token',
  name: 'a',
  owner: null,
  scopes: ['*'],
  servers: null,
  expiresAt: null,
  hash: 'a'.repeat(64),
  hint: 'lk_aaaa',
};

const modeOf = (path: string) => statSync(path).mode & 0o777;

function execute(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

/** Takes the write lock; returns what lets go of it. */
function holdFile(path: string): () => void {
  const holder = new DatabaseSync(path);
  holder.exec('BEGIN IMMEDIATE');
  return () => {
    holder.exec('ROLLBACK');
    holder.close();
  };
}

const line = (n: number) => Buffer.from(`{"time":"2026-06-01T12:00:00Z","n":${n}}\n`);

describe('openStore (sqlite)', () => {
  let parent: string;
  let folder: string;
  let file: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'));
    folder = join(parent, 'a', 'store');
    file = join(folder, 'credentials.db');
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  const fill = async () => {
    const store = await openStore(folder);
    await store.credentials.create(TOKEN, 1);
    await store.close();
  };

  it.for<[what: string, folder: unknown]>([
    ['nothing', undefined],
    ['no text', { path: '.latchkey' }],
    ['an empty text', ''],
    ['a URL, which may hold a password', 'postgres://user:hunter2@db/latchkey'],
  ])('throws a TypeError for %s', async ([, given]) => {
    const opening = openStore(given as string);
    await expect(opening).rejects.toThrow(TypeError);
    await expect(opening).rejects.toThrow(/^openStore: (?!.*hunter2)/);
  });

  it.for([{ busyTimeoutMS: 10 }, { busyTimeoutMs: '5s' }, { busyTimeoutMs: -1 }, null, '5s'])(
    'throws a TypeError for the options %j, and makes nothing',
    async (options) => {
      await expect(openStore(folder, options as object)).rejects.toThrow(TypeError);
      expect(readdirSync(parent)).toEqual([]);
    },
  );

  it.for([Date.UTC(10_000, 0, 1), Date.UTC(9999, 11, 31) + 300 * 365 * 86_400_000, Date.UTC(-1, 0, 1)])(
    'says that the clock is wrong where it shows no year of the trail, makes nothing, and revokes all the same: %d',
    async (now) => {
      const store = await openStore(folder);
      const credentials = store.credentialsBy('user:test');
      await credentials.create(TOKEN, 1);
      const other = { ...TOKEN, name: 'b', hash: 'b'.repeat(64) };
      await expect((async () => credentials.create(other, now))()).rejects.toMatchObject({ code: 'E_CLOCK' });
      await expect((async () => credentials.revoke({ name: 'a', kind: 'token' }, now))()).rejects.toMatchObject({
        code: 'E_TRAIL_UNWRITTEN',
      });
      expect(await credentials.list('token')).toMatchObject([{ name: 'a', revokedAt: now }]);
      expect((await store.trail.read({})).records).toHaveLength(1);
      await store.close();
    },
  );

  it('says that it was closed, whatever it is asked then', async () => {
    const store = await openStore(folder);
    await store.close();
    const { credentials, trail } = store;
    const asked: readonly (() => unknown)[] = [
      () => credentials.create(TOKEN, 1),
      () => credentials.findByName('token', TOKEN.name),
      () => store.credentialsBy('user:test').create(TOKEN, 1),
      () => store.secret('other'),
      () => store.version(),
      () => trail.append(line(1)),
    ];
    for (const ask of asked)
      await expect((async () => ask())()).rejects.toMatchObject({
        code: 'E_STORE_UNREADABLE',
        message: expect.stringMatching(/was closed/),
      });
  });

  describe('files', () => {
    it.for(['000', '022', '777'])('belong to their owner alone under umask %s', (umask) => {
      const script = `
        process.umask(0o${umask});
        const { openStore } = await import(${JSON.stringify(MODULE.href)});
        const store = await openStore(${JSON.stringify(folder)});
        await store.secret('x');
        await store.trail.append(Buffer.from('{"time":"2026-06-01T12:00:00.000Z"}\\n'));
        process.kill(process.pid, 'SIGKILL');`;
      mkdirSync(join(parent, 'a'));
      spawnSync(process.execPath, ['--input-type=module', '-e', script]);
      const databases = ['credentials.db', 'seals.db'].flatMap((name) => ['', '-shm', '-wal'].map((end) => name + end));
      const files = [...databases, 'trail/2026-06-01.000001.jsonl'];
      expect((readdirSync(folder, { recursive: true }) as string[]).sort()).toEqual([...files, 'trail'].sort());
      for (const name of ['', 'trail']) expect([name, modeOf(join(folder, name))]).toEqual([name, 0o700]);
      for (const name of files) expect([name, modeOf(join(folder, name))]).toEqual([name, 0o600]);
    });

    it('are closed to others where someone opened them', async () => {
      await fill();
      chmodSync(file, 0o666);
      chmodSync(folder, 0o777);
      await (await openStore(folder)).close();
      expect(modeOf(file)).toBe(0o600);
      expect(modeOf(folder) & 0o022).toBe(0);
    });

    it('are refused as symbolic links', async () => {
      await fill();
      const other = join(parent, 'other');
      mkdirSync(other);
      symlinkSync(file, join(other, 'credentials.db'));
      await expect(openStore(other)).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE' });
    });

    it.runIf(process.getuid?.() === 0)('are refused in a folder of another user that others can write to', async () => {
      mkdirSync(folder, { recursive: true });
      execFileSync('chown', ['65534', folder]);
      chmodSync(folder, 0o777);
      await expect(openStore(folder)).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE' });
      expect(readdirSync(folder)).toEqual([]);
    });

    it.runIf(process.getuid?.() === 0)(
      'that root makes in the folder of another user belong to that user',
      async () => {
        const home = join(parent, 'home');
        mkdirSync(home);
        chownSync(home, 65534, 65533);
        const inside = join(home, 'b', 'store');
        const store = await openStore(inside);
        await store.credentialsBy('root').create(TOKEN, 1);
        await store.trail.append(Buffer.from('{"time":"2026-06-02T12:00:00Z"}\n'));
        const names = ['../../b', '', ...(readdirSync(inside, { recursive: true }) as string[])];
        expect(names).toContain('trail/2026-06-02.000002.jsonl');
        for (const name of names) {
          const { uid, gid } = statSync(join(inside, name));
          expect([name, uid, gid]).toEqual([name, 65534, 65533]);
        }
        await store.close();
      },
    );

    it('are named by the error, each of the trail too', async () => {
      const store = await openStore(folder);
      const next = join(folder, 'trail', '2026-06-01.000001.jsonl');
      symlinkSync(file, next);
      await expect(
        (async () => store.trail.append(Buffer.from('{"time":"2026-06-01T12:00:00Z"}\n')))(),
      ).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE', message: expect.stringContaining(`${next} cannot`) });
      await store.close();
    });

    it('are refused where the folder is a file, or the file a folder', async () => {
      writeFileSync(join(parent, 'a'), '');
      await expect(openStore(folder)).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE' });
      await expect(openStore(join(parent, 'a'))).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE' });
      mkdirSync(join(parent, 'b', 'credentials.db'), { recursive: true });
      await expect(openStore(join(parent, 'b'))).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE' });
    });
  });

  describe('a file that cannot be used', () => {
    const spoilers: [string, string, () => void][] = [
      [
        'is no database',
        'E_STORE_DAMAGED',
        () => writeFileSync(file, 'no database, but long enough for a header '.repeat(9)),
      ],
      ['was cut short', 'E_STORE_DAMAGED', () => writeFileSync(file, readFileSync(file).subarray(0, 5000))],
      [
        'had a page overwritten',
        'E_STORE_DAMAGED',
        () => writeFileSync(file, readFileSync(file).fill(0x5a, 4096, 4096 * 3)),
      ],
      [
        'is another program’s database',
        'E_STORE_DAMAGED',
        () => (rmSync(file), execute(file, 'CREATE TABLE theirs (x)')),
      ],
      ['was written by a later version', 'E_STORE_NEWER', () => execute(file, 'PRAGMA user_version = 999')],
    ];

    it.for(spoilers)('that %s is refused with %s and left as it is', async ([, code, spoil]) => {
      await fill();
      spoil();
      const before = readFileSync(file);
      await expect(openStore(folder, BUSY)).rejects.toMatchObject({ code, hint: expect.stringMatching(/./) });
      expect(readFileSync(file).equals(before)).toBe(true);
    });
  });

  it('opens while another holds the write lock, and says E_STORE_LOCKED only when it must write', async () => {
    await fill();
    const holder = new DatabaseSync(file);
    holder.exec('BEGIN IMMEDIATE');
    const store = await openStore(folder, BUSY);
    expect((await store.credentials.findByHash(TOKEN.hash))?.name).toBe('a');
    const create = async () => store.credentials.create({ ...TOKEN, name: 'b', hash: 'b'.repeat(64) }, 1);
    await expect(create()).rejects.toMatchObject({ code: 'E_STORE_LOCKED' });
    holder.exec('ROLLBACK');
    expect(await create()).toMatchObject({ name: 'b' });
    holder.close();
    await store.close();
  });

  it('waits for another that holds the write lock without holding up this process', async () => {
    await fill();
    const holder = new DatabaseSync(file);
    const store = await openStore(folder);
    holder.exec('BEGIN IMMEDIATE');
    const created = store.credentials.create({ ...TOKEN, name: 'b', hash: 'b'.repeat(64) }, 1);
    const counted = store.credentials.countUses(new Map([['nobody', { count: 1, lastUsedAt: 1 }]]));
    const secret = store.secret('new');
    // Only a process that goes on can let go.
    setTimeout(() => holder.exec('ROLLBACK'), 100);
    expect(await created).toMatchObject({ name: 'b' });
    expect(await counted).toBeUndefined();
    expect(await secret).toMatch(/^[0-9a-f]{64}$/);
    holder.close();
    await store.close();
  });

  describe('while another holds the seals of the trail', () => {
    it('waits without holding up this process, and keeps the order', async () => {
      const store = await openStore(folder);
      await store.trail.append(line(0));
      const letGo = holdFile(join(folder, 'seals.db'));
      const begun = performance.now();
      const appended = store.trail.append(line(1));
      const created = store.credentialsBy('x').create(TOKEN, 1);
      const verified = store.trail.verify();
      // Much less than SQLite itself would wait.
      expect(performance.now() - begun).toBeLessThan(1000);
      // Only a process that goes on can let go.
      setTimeout(letGo, 100);
      await appended;
      await store.trail.append(line(2));
      expect(await created).toMatchObject({ name: 'a' });
      expect(await verified).toMatchObject({ bad: null });
      const lines = (await store.trail.read({})).records.map(({ json }) => JSON.parse(json) as { n?: number });
      expect(lines.flatMap(({ n }) => n ?? [])).toEqual([0, 1, 2]);
      expect(await store.trail.verify()).toMatchObject({ records: 4, bad: null });
      await store.close();
    });

    it('gives up after a while; a revocation is done all the same', async () => {
      const store = await openStore(folder, BUSY);
      const credentials = store.credentialsBy('x');
      await credentials.create(TOKEN, 1);
      const letGo = holdFile(join(folder, 'seals.db'));
      const locked = { code: 'E_STORE_LOCKED' };
      await expect((async () => store.trail.append(line(1)))()).rejects.toMatchObject(locked);
      await expect(
        (async () => credentials.create({ ...TOKEN, hash: 'b'.repeat(64), name: 'b' }, 1))(),
      ).rejects.toMatchObject(locked);
      await expect((async () => credentials.revoke({ hash: TOKEN.hash }, 2))()).rejects.toMatchObject({
        code: 'E_TRAIL_UNWRITTEN',
      });
      expect(await store.credentials.list('token')).toMatchObject([{ name: 'a', revokedAt: 2 }]);
      letGo();
      expect(await store.trail.verify()).toMatchObject({ records: 1, bad: null });
      await store.close();
    });
  });

  it('says E_STORE_LOCKED when another holds the file for itself', async () => {
    await fill();
    const holder = new DatabaseSync(file);
    holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; PRAGMA user_version = 1');
    await expect(openStore(folder, BUSY)).rejects.toMatchObject({ code: 'E_STORE_LOCKED' });
    holder.exec('ROLLBACK');
    holder.close();
  });

  it('leaves a file of the trail only when all of it is on the disk, however long that takes', async () => {
    const store = await openStore(folder);
    const append = async (day: number) =>
      store.trail.append(Buffer.from(`{"time":"2026-06-0${day}T12:00:00Z","n":${day}}\n`));
    // Its number is free again when the second file is opened, so that the first one's is not taken at once.
    const spare = openSync(folder, 'r');
    // As many as there are threads: what is to be synced waits behind them.
    const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)('x', 'y', 200_000, 64, 'sha512'));
    await append(1);
    closeSync(spare);
    await append(2);
    await Promise.all(busy);
    await append(2);
    const { records } = await store.trail.read({});
    expect(records.map(({ json }) => (JSON.parse(json) as { n: number }).n)).toEqual([1, 2, 2]);
    await store.close();
  });

  it('goes on with the trail in a new file where the old one, or its folder, was moved away', async () => {
    const store = await openStore(folder);
    const append = async (number: number) =>
      store.trail.append(Buffer.from(`{"time":"2026-06-01T12:00:00Z","n":${number}}\n`));
    const trail = join(folder, 'trail');
    await append(0);
    renameSync(join(trail, '2026-06-01.000001.jsonl'), join(trail, 'moved'));
    await append(1);
    renameSync(trail, join(folder, 'trail-moved'));
    await store.trail.check();
    await append(2);
    expect((await store.trail.read({})).records.map(({ json }) => (JSON.parse(json) as { n: number }).n)).toEqual([2]);
    expect(statSync(trail).mode & 0o777).toBe(0o700);
    writeFileSync(join(folder, 'file'), '');
    rmSync(trail, { recursive: true });
    renameSync(join(folder, 'file'), trail);
    await expect((async () => store.trail.check())()).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE' });
    await store.close();
  });

  describe('a file that is not at its path any more', () => {
    const REPLACED = expect.objectContaining({ code: 'E_STORE_REPLACED', hint: expect.stringMatching(/Restart/) });
    const LINE = Buffer.from('{"time":"2026-06-01T12:00:00Z"}\n');

    it.for(['credentials.db', 'seals.db'])('is not written to, and no longer trusted: %s', async (name) => {
      await fill();
      const store = await openStore(folder, BUSY);
      await store.trail.append(LINE);
      const path = join(folder, name);
      renameSync(path, `${path}.old`);
      await expect((async () => store.trail.check())()).rejects.toEqual(REPLACED);
      writeFileSync(path, '');
      await expect((async () => store.trail.check())()).rejects.toEqual(REPLACED);
      await expect((async () => store.trail.append(LINE))()).rejects.toEqual(REPLACED);
      expect((await store.trail.read({})).records).toHaveLength(1);
      renameSync(`${path}.old`, path);
      await store.trail.check();
      await store.trail.append(LINE);
      expect(await store.trail.verify()).toMatchObject({ records: 2, bad: null });
      await store.close();
    });

    it.for(['-wal', '-shm'])('is not trusted without its %s either', async (suffix) => {
      await fill();
      const store = await openStore(folder, BUSY);
      const path = join(folder, `credentials.db${suffix}`);
      renameSync(path, `${path}.old`);
      await expect((async () => store.credentials.findByHash(TOKEN.hash))()).rejects.toEqual(REPLACED);
      writeFileSync(path, '');
      await expect((async () => store.credentials.findByHash(TOKEN.hash))()).rejects.toEqual(REPLACED);
      renameSync(`${path}.old`, path);
      expect(await store.credentials.findByHash(TOKEN.hash)).toMatchObject({ name: 'a' });
      await store.close();
    });

    it('answers nothing about credentials until it is back', async () => {
      await fill();
      const store = await openStore(folder, BUSY);
      const before = await store.version();
      renameSync(folder, `${folder}.old`);
      await expect.poll(() => store.version()).not.toBe(before);
      for (const ask of [
        () => store.credentials.findByHash(TOKEN.hash),
        () => store.credentials.list('token'),
        () => store.credentials.revoke({ kind: 'token', name: 'a' }, 2),
        () => store.credentialsBy('x').create({ ...TOKEN, name: 'b', hash: 'b'.repeat(64) }, 2),
        () => store.credentials.countUses(new Map([['x', { count: 1, lastUsedAt: 1 }]])),
        () => store.trail.append(LINE),
      ])
        await expect((async () => ask())()).rejects.toEqual(REPLACED);
      const away = await store.version();
      renameSync(`${folder}.old`, folder);
      await expect.poll(() => store.version()).not.toBe(away);
      expect(await store.credentials.findByHash(TOKEN.hash)).toMatchObject({ name: 'a', revokedAt: null });
      await store.close();
    });
  });

  it.runIf(canMount())('says that the file system is read-only', async () => {
    await fill();
    const undo = mountReadOnly(folder);
    try {
      await expect(openStore(folder)).rejects.toMatchObject({
        code: 'E_STORE_UNREADABLE',
        message: expect.stringContaining('read-only'),
        hint: expect.stringContaining('copy'),
      });
    } finally {
      undo();
    }
    await (await openStore(folder)).close();
  });

  it.runIf(canMount())('says that the file system became read-only while it was open', async () => {
    const store = await openStore(folder);
    const undo = mountReadOnly(join(folder, 'trail'));
    try {
      const making = (async () => store.credentialsBy('user:test').create(TOKEN, 1))();
      await expect(making).rejects.toMatchObject({
        code: 'E_STORE_UNREADABLE',
        message: expect.stringContaining('read-only'),
      });
    } finally {
      undo();
    }
    await store.close();
  });

  it.runIf(canMount())('says E_STORE_FULL where no file can be added to the file system', async () => {
    mkdirSync(folder, { recursive: true });
    // Itself, the trail, the store and its journal: the index of that finds no place.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,nr_inodes=4,mode=700', 'tmpfs', folder]);
    try {
      await expect(openStore(folder)).rejects.toMatchObject({ code: 'E_STORE_FULL' });
      execFileSync('mount', ['-o', 'remount,nr_inodes=100', folder]);
      await (await openStore(folder)).close();
    } finally {
      execFileSync('umount', ['--lazy', folder]);
    }
  });

  it.runIf(canMount())('says E_STORE_FULL on a full disk, loses nothing, and goes on when there is room', async () => {
    mkdirSync(folder, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k,mode=700', 'tmpfs', folder]);
    try {
      const store = await openStore(folder);
      const acknowledged: string[] = [];
      const full = () => {
        for (let turn = 0; turn < 5000; turn++) {
          const hash = turn.toString(16).padStart(64, '0');
          store.credentials.create({ ...TOKEN, name: `n${turn}`, hash }, 1);
          acknowledged.push(hash);
        }
      };
      expect(full).toThrow(expect.objectContaining({ code: 'E_STORE_FULL' }));
      for (const hash of acknowledged) expect(await store.credentials.findByHash(hash)).not.toBeNull();
      expect(await store.credentials.list('token')).toHaveLength(acknowledged.length);
      execFileSync('mount', ['-o', 'remount,size=4m', folder]);
      expect(await store.credentials.create(TOKEN, 1)).toMatchObject({ name: 'a' });
      await store.close();
      const reopened = await openStore(folder);
      expect(await reopened.credentials.list('token')).toHaveLength(acknowledged.length + 1);
      await reopened.close();
    } finally {
      execFileSync('umount', [folder]);
    }
  });
});

/** Whether this process may mount a small file system, to fill it. */
function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const probe = mkdtempSync(join(tmpdir(), 'latchkey-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe]).status === 0;
  if (mounted) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  return mounted;
}
