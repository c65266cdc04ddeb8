import { spawn, spawnSync } from 'node:child_process';
import { hash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROGRAM, runLatchkey, startLatchkey } from '../fixtures/latchkey.ts';
import { exchangeRaw } from '../fixtures/raw-http.ts';
import { findSecrets, type Canary } from '../fixtures/secret-forms.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';
import { trailRecords } from '../fixtures/trail-files.ts';

const STRACE_MISSING = process.platform !== 'linux' || spawnSync('strace', ['-V']).status !== 0;

let folder: string;
let spy: SpyUpstream;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-key-'));
  spy = await startSpyUpstream();
}, 180_000);
afterAll(async () => {
  await spy.close();
  rmSync(folder, { recursive: true });
});

interface Row {
  readonly name: string;
  readonly hash: string;
  readonly revoked_at: number | null;
  readonly rotated_at: number | null;
}

/** The store's own rows, read as nobody does but a test: what is on the disk, not what the program says of it. */
function rowsOf(store: string): readonly Row[] {
  const database = new DatabaseSync(join(store, 'credentials.db'));
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  const rows = database.prepare('SELECT name, hash, revoked_at, rotated_at FROM credentials ORDER BY seq').all();
  database.close();
  return rows as unknown as Row[];
}

function filesBelow(path: string): Readonly<Record<string, Buffer>> {
  const names = (readdirSync(path, { recursive: true }) as string[]).filter((name) =>
    statSync(join(path, name)).isFile(),
  );
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name))]));
}

test('KEY-01 Hashed tokens: no form of a credential is in the store, its journals or its copies', async () => {
  const gateway = await startLatchkey({ config: { upstream: { url: spy.url } } });
  const canaries: Canary[] = [{ name: 'first', text: gateway.token, shown: 7 }];
  const keep = (name: string, text: string, shown = 7): string => {
    canaries.push({ name, text, shown });
    return text;
  };
  keep('made', (await gateway.createToken('made')).token);
  keep('rotated', (JSON.parse(await gateway.command('token', 'rotate', 'made', '--json')) as { token: string }).token);
  const key = ['key', 'create', 'robot', '--owner', 'o', '--json'];
  keep('key', (JSON.parse(await gateway.command(...key)) as { key: string }).key, 8);
  const { host } = new URL(gateway.url);
  const exchange = `POST /.latchkey/rotate HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${gateway.token}\r\nContent-Length: 0\r\n\r\n`;
  const [answer] = await exchangeRaw(gateway.url, exchange);
  keep('exchanged', (JSON.parse(answer?.body ?? '') as { token: string }).token);
  await gateway.command('token', 'revoke', 'made');
  // While it runs, the newest changes are in the write-ahead log alone.
  const live = filesBelow(gateway.store);
  expect(Object.keys(live)).toContain('credentials.db-wal');
  expect(findSecrets(live, canaries)).toEqual([]);
  const backup = join(folder, 'backup.db');
  const database = new DatabaseSync(join(gateway.store, 'credentials.db'));
  database.prepare('VACUUM INTO ?').run(backup);
  database.close();
  cpSync(gateway.store, join(folder, 'copy'), { recursive: true });
  await gateway.kill('SIGTERM');
  const places = {
    ...filesBelow(gateway.store),
    'backup.db': readFileSync(backup),
    ...filesBelow(join(folder, 'copy')),
  };
  expect(findSecrets(places, canaries)).toEqual([]);
  // Each is kept as the SHA-256 of its 256 random bits, and as nothing else.
  expect(
    rowsOf(gateway.store)
      .map((row) => row.hash)
      .toSorted(),
  ).toEqual(canaries.map(({ text }) => hash('sha256', text)).toSorted());
  await gateway.close();
}, 120_000);

/** Whether what a command printed is so: the token it showed is there, the one it revoked is revoked. */
function isKept(stdout: string, name: string, rows: readonly Row[]): boolean {
  if (stdout === '') return true;
  const promised = /"token":"([^"]+)"/.exec(stdout)?.[1];
  if (promised !== undefined) return rows.some((row) => row.hash === hash('sha256', promised));
  return rows.find((row) => row.name === name)?.revoked_at !== null;
}

/** Starts a command and kills it after a while that is different each time; what it had printed by then was promised. */
async function runAndKill(
  args: readonly string[],
  afterMs: number,
): Promise<{ readonly stdout: string; readonly killed: boolean; readonly tookMs: number }> {
  const started = performance.now();
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()));
  const closed = once(child, 'close');
  await Promise.race([closed, sleep(afterMs)]);
  const killed = child.exitCode === null;
  child.kill('SIGKILL');
  await closed;
  return { stdout, killed, tookMs: performance.now() - started };
}

test(
  'KEY-07 Atomic store: killed at any moment a command was done or was not, and what it promised was done',
  { timeout: 180_000 },
  async () => {
    const store = join(folder, 'killed');
    const at = ['--store', store, '--json'];
    const started = performance.now();
    await runLatchkey(['token', 'create', 'turned', ...at]);
    let usualMs = performance.now() - started;
    const kills = { before: 0, after: 0 };
    for (let round = 0; round < 8; round += 1) {
      const before = rowsOf(store);
      const name = `n${round}`;
      for (const words of [
        ['token', 'rotate', 'turned'],
        ['token', 'create', name],
        ['token', 'revoke', name],
      ]) {
        // From the middle of the start to after the end, so that some die before, some while, some after they write.
        const { stdout, killed, tookMs } = await runAndKill(
          [...words, ...at],
          usualMs * (0.3 + (randomInt(100) / 100) * 0.9),
        );
        const rows = rowsOf(store);
        if (killed) kills[stdout === '' ? 'before' : 'after'] += 1;
        // The machine may become slower or faster meanwhile.
        usualMs = killed ? usualMs * (stdout === '' ? 1.1 : 1) : Math.min(usualMs, tookMs);
        expect({ words, stdout, rows, kept: isKept(stdout, name, rows) }).toMatchObject({ kept: true });
      }
      const rows = rowsOf(store);
      const turned = rows.filter((row) => row.name === 'turned');
      expect(turned.filter((row) => row.rotated_at === null)).toHaveLength(1);
      expect(turned.length - before.filter((row) => row.name === 'turned').length).toBeLessThanOrEqual(1);
      expect(rows.filter((row) => row.name === name).length).toBeLessThanOrEqual(1);
    }
    expect(kills.before).toBeGreaterThan(0);
    // What is in the store is in the trail, record by record; one more may tell of what died before it was done.
    const records = trailRecords(store).filter(({ method }) => method !== 'token revoke');
    const rows = rowsOf(store);
    expect(records.length).toBeGreaterThanOrEqual(rows.length);
    for (const { name } of rows) expect(records.map(({ target }) => target)).toContain(name);
    const verified = await runLatchkey(['trail', 'verify', '--store', store]);
    expect([verified.code, verified.stderr]).toEqual([0, '']);
  },
);

interface Traced {
  readonly call: string;
  readonly target: string;
  readonly text: string;
}

/** System calls of a command and its threads, in order, that write or sync; `target` is the file's path. */
function readTrace(path: string): readonly Traced[] {
  const form = /^\d+ +(?:<\.\.\. )?(write|writev|pwrite64|fsync|fdatasync|sendto)\(?(?:\d+<([^>]*)>)?(.*)$/;
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, call, target = '', text = ''] = form.exec(line) ?? [];
      return call === undefined ? [] : [{ call, target, text }];
    });
}

const TRACE = ['-f', '-y', '-s', '200', '-e', 'trace=write,writev,pwrite64,fsync,fdatasync,sendto'];
const isSync = ({ call }: Traced): boolean => call === 'fsync' || call === 'fdatasync';

/** Between the last write to that file and the promise, which is said to no file, there is a sync of it. */
function expectSynced(trace: readonly Traced[], file: string, isPromise: (traced: Traced) => boolean): void {
  // Letters of a promise stand in one or another seal of the trail by chance.
  const promise = trace.findIndex((traced) => !traced.target.startsWith('/') && isPromise(traced));
  expect(promise).toBeGreaterThan(0);
  const before = trace.slice(0, promise);
  const written = before.findLastIndex(({ call, target }) => !/sync/.test(call) && target === file);
  expect(written).toBeGreaterThan(0);
  expect(before.slice(written).some((traced) => isSync(traced) && traced.target === file)).toBe(true);
}

test.skipIf(STRACE_MISSING)('KEY-07 Atomic store: it is on the disk before it is said', { timeout: 180_000 }, () => {
  const store = join(folder, 'traced');
  const log = join(store, 'credentials.db-wal');
  for (const [index, words] of [
    ['token', 'create', 'a'],
    ['token', 'rotate', 'a'],
    ['token', 'revoke', 'a'],
    ['key', 'create', 'k', '--owner', 'o'],
  ].entries()) {
    const output = join(folder, `trace-${index}`);
    const { status } = spawnSync('strace', [
      ...TRACE,
      '-o',
      output,
      process.execPath,
      PROGRAM,
      ...words,
      '--store',
      store,
      '--json',
    ]);
    expect(status).toBe(0);
    const trace = readTrace(output);
    expectSynced(trace, log, ({ text }) => text.includes(words[1] === 'revoke' ? 'revoked' : 'lk'));
  }
  // The names of new files too: their folder is synced.
  expect(readTrace(join(folder, 'trace-0')).some((traced) => isSync(traced) && traced.target === store)).toBe(true);
});

test.skipIf(STRACE_MISSING)(
  'KEY-07 Atomic store: a successor taken over the network is on the disk before the answer',
  { timeout: 180_000 },
  async () => {
    const store = join(folder, 'traced-gateway');
    const output = join(folder, 'trace-gateway');
    const { stdout } = await runLatchkey(['token', 'create', 'a', '--store', store, '--json']);
    const { token } = JSON.parse(stdout) as { token: string };
    const config = join(folder, 'traced.yaml');
    writeFileSync(config, JSON.stringify({ listen: '127.0.0.1:0', store, upstream: { url: spy.url } }), {
      mode: 0o600,
    });
    const child = spawn('strace', [
      ...TRACE,
      '-o',
      output,
      process.execPath,
      PROGRAM,
      'run',
      '--json',
      '--config',
      config,
    ]);
    const [ready] = (await once(child.stdout, 'data')) as [Buffer];
    const { url, pid } = JSON.parse(ready.toString()) as { url: string; pid: number };
    const request = `POST /.latchkey/rotate HTTP/1.1\r\nHost: ${new URL(url).host}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\n\r\n`;
    const [answer] = await exchangeRaw(url, request, 1, 30_000);
    expect(answer?.status).toBe(200);
    process.kill(pid, 'SIGTERM');
    await once(child, 'close');
    expect(existsSync(output)).toBe(true);
    expectSynced(readTrace(output), join(store, 'credentials.db-wal'), ({ text }) => text.includes('HTTP/1.1 200'));
  },
);

const canary = (name: string): Canary => ({
  name,
  text: `${name.replaceAll(' ', '')}-${hash('sha256', name).slice(0, 24)}`,
});

test('KEY-13 Backup and export: secrets are redacted wherever the configuration is shown', async () => {
  const [header, env, flag, setting, query, variable, file, handover] = [
    'literal header',
    'literal environment',
    'flag',
    'setting',
    'query',
    'variable',
    'file',
    'handover',
  ].map(canary) as [Canary, Canary, Canary, Canary, Canary, Canary, Canary, Canary];
  const secretFile = join(folder, 'exported.key');
  writeFileSync(secretFile, file.text, { mode: 0o600 });
  const child = {
    command: ['node', 'server.js', '--api-key', flag.text, `--password=${setting.text}`],
    env: { TOKEN: env.text, OTHER: { env: 'OUTER' }, THIRD: { file: secretFile } },
  };
  const remote = {
    url: `https://mcp.example.com/mcp?key=${query.text}`,
    headers: { Authorization: header.text, 'X-A': { env: 'OUTER' } },
  };
  const rotate = { every: '1h', deliver: { command: ['./give', '--password', handover.text] } };
  const canaries = [header, env, flag, setting, query, variable, file, handover];
  for (const servers of [
    { upstream: child },
    { upstream: remote },
    { servers: { one: { upstream: child }, two: { upstream: remote } } },
  ]) {
    const config = join(folder, 'exported.yaml');
    writeFileSync(config, JSON.stringify({ ...servers, auth: { static: { env: 'STATIC' }, tokens: { rotate } } }), {
      mode: 0o600,
    });
    const shown: Record<string, string> = {};
    for (const words of [['show'], ['show', '--json'], ['check'], ['check', '--json']]) {
      const { code, stdout, stderr } = await runLatchkey(['config', ...words, '--config', config], {
        OUTER: variable.text,
        STATIC: variable.text,
      });
      shown[words.join(' ')] = stdout + stderr;
      expect([words, code]).toEqual([words, 0]);
    }
    expect(findSecrets(shown, canaries)).toEqual([]);
    expect(shown['show --json']).toContain('[redacted]');
    // Where a secret comes from is no secret.
    expect(shown['show']).toContain('OUTER');
  }
}, 120_000);

test('KEY-13 Backup and export: listings of credentials cannot give one back, or its digest', async () => {
  const store = join(folder, 'listed');
  const { stdout } = await runLatchkey(['token', 'create', 'a', '--store', store, '--json']);
  const { token } = JSON.parse(stdout) as { token: string };
  const digest = { name: 'digest', text: hash('sha256', token) };
  const shown: Record<string, string> = {};
  for (const words of [
    ['token', 'list'],
    ['token', 'list', '--json'],
    ['token', 'show', 'a'],
    ['token', 'show', 'a', '--json'],
    ['trail', '--json'],
  ])
    shown[words.join(' ')] = (await runLatchkey([...words, '--store', store])).stdout;
  expect(findSecrets(shown, [{ name: 'token', text: token, shown: 7 }, digest])).toEqual([]);
  for (const text of Object.values(shown)) expect(text).toContain('a');
}, 120_000);
