import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewCredential, Store } from '../../packages/latchkey/src/core/store.ts';
import { openStore } from '../../packages/latchkey/src/store/sqlite/open.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const DAY = 86_400_000;
const TOKEN: NewCredential = {
  kind: 'token',
  name: 'a\u2028"b',
  owner: null,
  scopes: ['x'],
  servers: null,
  expiresAt: NOW + DAY,
  hash: 'a'.repeat(64),
  hint: 'lk_aaaa',
};

const batch = (day: number, count: number) =>
  Buffer.from(
    Array.from(
      { length: count },
      (_, n) =>
        `{"time":"${new Date(NOW + day * DAY).toISOString()}","n":${n},"text":"${'x'.repeat((n * 37) % 200)}"}\n`,
    ).join(''),
  );

const attempt = async (work: () => unknown) => work();

/** Puts a pipe at `path`; who opens it to read waits until `gone` is removed, and the pipe is removed too. */
const removeOnReading = (path: string, gone: string) => {
  rmSync(path, { force: true });
  execFileSync('mkfifo', [path]);
  const child = spawn('sh', ['-c', 'sleep 0.5; rm "$2"; exec 3>"$1"; rm "$1"', 'sh', path, gone]);
  return once(child, 'exit');
};

describe('the trail’s seals (sqlite)', () => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-seals-'));
    store = await openStore(folder);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const segments = () => readdirSync(join(folder, 'trail')).toSorted();
  const pathOf = (index: number) => join(folder, 'trail', segments()[index]!);
  const fill = async () => {
    for (const day of [0, 1, 2, 3]) for (const count of [1, 5]) await store.trail.append(batch(day, count));
  };

  it('prove the whole, over days and after pruning', async () => {
    await fill();
    expect(await store.trail.verify()).toMatchObject({ records: 24, files: 4, bad: null, seal: { number: 8 } });
    expect(await store.trail.prune(NOW + 2 * DAY, NOW + 3 * DAY)).toBe(12);
    expect(await store.trail.verify()).toMatchObject({ records: 12, files: 2, bad: null, seal: { number: 8 } });
  });

  it('prove the whole after a clock ran ahead for a while, whose file goes with what was written next', async () => {
    for (const day of [0, 2000, 2001, 1, 2, 3]) await store.trail.append(batch(day, 2));
    // What the wrong clock dated may be as young as what follows it.
    for (const [day, removed, left] of [
      [1, 2, 5],
      [2, 6, 2],
      [3, 2, 1],
    ] as const) {
      expect(await store.trail.prune(NOW + day * DAY, NOW + 3 * DAY)).toBe(removed);
      expect(segments()).toHaveLength(left);
      expect(await store.trail.verify()).toMatchObject({ bad: null, seal: { number: 6 } });
    }
  });

  it('prove the whole though all that is kept is a file that a full disk left empty', async () => {
    await fill();
    writeFileSync(join(folder, 'trail', '2026-06-05.000005.jsonl'), '');
    expect(await store.trail.prune(NOW + 4 * DAY, NOW + 4 * DAY)).toBe(24);
    expect(await store.trail.verify()).toMatchObject({ files: 1, bad: null });
    await store.trail.append(batch(4, 1));
    expect(await store.trail.verify()).toMatchObject({ records: 1, bad: null, seal: { number: 9 } });
  });

  it('tell of a file that is gone, the oldest and the newest too', async () => {
    await fill();
    for (const [index, bad] of [
      [0, { what: 'missing', line: 1, file: '2026-06-02.000002.jsonl' }],
      [1, { what: 'missing', line: 1, file: '2026-06-03.000003.jsonl' }],
      [3, { what: 'end-missing', file: '2026-06-03.000003.jsonl' }],
    ] as const) {
      const [path, text] = [pathOf(index), readFileSync(pathOf(index))];
      rmSync(path);
      expect((await store.trail.verify()).bad).toMatchObject(bad);
      writeFileSync(path, text);
    }
    await store.trail.prune(NOW + 2 * DAY, NOW + 3 * DAY);
    rmSync(pathOf(0));
    expect((await store.trail.verify()).bad).toMatchObject({ what: 'missing', line: 1 });
  });

  it('go on where the trail was shortened, and keep telling of it', async () => {
    await fill();
    const path = pathOf(3);
    writeFileSync(path, readFileSync(path).subarray(0, 30));
    await store.trail.append(batch(3, 2));
    expect((await store.trail.verify()).bad).toMatchObject({ what: 'missing' });
  });

  it('find the one changed record among a thousand', async () => {
    await store.trail.append(batch(0, 1000));
    const text = readFileSync(pathOf(0), 'utf8');
    for (const line of [1, 2, 500, 999, 1000]) {
      const lines = text.split('\n');
      lines[line - 1] = lines[line - 1]!.replace('"n":', '"m":');
      writeFileSync(pathOf(0), lines.join('\n'));
      const { bad } = await store.trail.verify();
      expect(bad?.what).toBe('changed');
      // In a batch of more than 128 pieces a mark is of a few lines.
      expect(line - (bad?.line ?? 0)).toBeGreaterThanOrEqual(0);
      expect(line - (bad?.line ?? 0)).toBeLessThan(30);
    }
  });

  it('are one chain for two processes, whose batches alternate', async () => {
    const other = await openStore(folder);
    for (let turn = 0; turn < 20; turn++) await (turn % 3 === 0 ? other : store).trail.append(batch(0, 3));
    expect(await other.trail.verify()).toMatchObject({ records: 60, bad: null, seal: { number: 20 } });
    await other.close();
  });

  it('are held against the files that pruning leaves in the midst of it', async () => {
    await fill();
    const [oldest, next] = [pathOf(0), pathOf(1)];
    const text = readFileSync(next);
    await store.trail.prune(NOW + 2 * DAY, NOW + 3 * DAY);
    // As between the moment at which pruning moves the beginning of the chain and the last of its files.
    writeFileSync(next, text);
    const removed = removeOnReading(oldest, next);
    expect(await store.trail.verify()).toMatchObject({ records: 12, files: 2, bad: null, seal: { number: 8 } });
    await removed;
  });

  it('are read without the files that pruning removes in the midst of it', async () => {
    await fill();
    const removed = removeOnReading(pathOf(1), pathOf(0));
    expect((await store.trail.read({})).records).toHaveLength(12);
    await removed;
  });

  it('prove an empty trail, and make nothing for it', async () => {
    expect(await store.trail.verify()).toEqual({ records: 0, files: 0, seal: null, bad: null, cut: [] });
    expect(readdirSync(folder)).not.toContain('seals.db');
  });
});

describe('credentialsBy (sqlite)', () => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-changes-'));
    store = await openStore(folder);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const changes = async () =>
    (await store.trail.read({})).records.map(({ json }) => JSON.parse(json) as Record<string, unknown>);

  it('does not what cannot be written down, but for a revocation, which says so', async () => {
    await store.credentials.create(TOKEN, NOW);
    const credentials = store.credentialsBy('user:ada');
    const trail = join(folder, 'trail');
    rmSync(trail, { recursive: true });
    writeFileSync(trail, '');
    const other = { ...TOKEN, name: 'other', hash: 'c'.repeat(64) };
    const successor = { hash: 'b'.repeat(64), hint: 'lk_bbbb', expiresAt: NOW + DAY };
    const unreadable = { code: 'E_STORE_UNREADABLE' };
    await expect(attempt(() => credentials.create(other, NOW))).rejects.toMatchObject(unreadable);
    await expect(attempt(() => credentials.rotate({ hash: TOKEN.hash }, successor, 0, NOW))).rejects.toMatchObject(
      unreadable,
    );
    expect(await store.credentials.list('token')).toMatchObject([
      { name: TOKEN.name, rotatedAt: null, revokedAt: null },
    ]);
    await expect(attempt(() => credentials.revoke({ hash: TOKEN.hash }, NOW))).rejects.toMatchObject({
      code: 'E_TRAIL_UNWRITTEN',
    });
    expect(await store.credentials.findByHash(TOKEN.hash)).toMatchObject({ revokedAt: NOW });
    rmSync(trail);
    mkdirSync(trail);
    await credentials.create(other, NOW);
    expect(await changes()).toMatchObject([{ method: 'token create', target: 'other' }]);
  });

  it('accepts no changed tool that cannot be written down', async () => {
    const pins = store.pinsBy('user:ada');
    for (const digest of ['a'.repeat(64), 'b'.repeat(64)]) await pins.see('files', new Map([['read', digest]]), NOW);
    const [pin] = await store.pins.list('files');
    const trail = join(folder, 'trail');
    rmSync(trail, { recursive: true });
    writeFileSync(trail, '');
    await expect(attempt(() => pins.accept(pin!, NOW + 1))).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE' });
    expect(await store.pins.list('files')).toEqual([pin]);
    rmSync(trail);
    expect(await pins.accept(pin!, NOW + 1)).toBe(true);
    expect(await changes()).toMatchObject([{ method: 'tool accept', principal: 'user:ada', target: 'read' }]);
    expect(await store.trail.verify()).toMatchObject({ records: 1, bad: null, cut: [] });
  });

  it('writes down nothing that could not be committed', async () => {
    const credentials = store.credentialsBy('user:ada');
    await credentials.create(TOKEN, NOW);
    // What these add breaks a promise that is looked at only with the commit, which fails then.
    const spoil = new DatabaseSync(join(folder, 'credentials.db'));
    spoil.exec(`
      CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (of INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER made AFTER INSERT ON credentials BEGIN INSERT INTO child VALUES (1); END;
      CREATE TRIGGER changed AFTER UPDATE ON credentials BEGIN INSERT INTO child VALUES (1); END;`);
    const other = { ...TOKEN, name: 'other', hash: 'c'.repeat(64) };
    const successor = { hash: 'b'.repeat(64), hint: 'lk_bbbb', expiresAt: NOW + DAY };
    for (const change of [
      () => credentials.create(other, NOW),
      () => credentials.rotate({ hash: TOKEN.hash }, successor, 0, NOW),
      () => credentials.revoke({ hash: TOKEN.hash }, NOW),
    ]) {
      await expect(attempt(change)).rejects.toMatchObject({ code: 'E_INTERNAL' });
      expect(await changes()).toMatchObject([{ method: 'token create', target: TOKEN.name }]);
    }
    expect(await store.credentials.list('token')).toMatchObject([{ rotatedAt: null, revokedAt: null }]);
    spoil.exec('DROP TRIGGER made; DROP TRIGGER changed');
    spoil.close();
    await credentials.revoke({ hash: TOKEN.hash }, NOW);
    expect(await changes()).toMatchObject([{ method: 'token create' }, { method: 'token revoke' }]);
    expect(await store.trail.verify()).toMatchObject({ records: 2, bad: null, cut: [] });
  });

  it('keeps the record of what was committed, though the head of the chain could not be moved', async () => {
    const credentials = store.credentialsBy('user:ada');
    await credentials.create(TOKEN, NOW);
    const spoil = new DatabaseSync(join(folder, 'seals.db'));
    spoil.exec(`CREATE TRIGGER stuck BEFORE INSERT ON head BEGIN SELECT RAISE(ABORT, 'stuck'); END`);
    await credentials.revoke({ hash: TOKEN.hash }, NOW);
    expect(await store.credentials.findByHash(TOKEN.hash)).toMatchObject({ revokedAt: NOW });
    expect(await changes()).toHaveLength(2);
    spoil.exec('DROP TRIGGER stuck');
    spoil.close();
    expect(await store.trail.verify()).toMatchObject({ records: 2, bad: null, cut: [] });
    await credentials.create({ ...TOKEN, hash: 'c'.repeat(64) }, NOW);
    expect(await store.trail.verify()).toMatchObject({ records: 3, bad: null, cut: [] });
  });
});
