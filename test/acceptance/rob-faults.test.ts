import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultWords, injectFault, STRACE_MISSING, type FaultOptions } from '../fixtures/faults.ts';
import { PROGRAM, startLatchkey, type Ended, type Latchkey } from '../fixtures/latchkey.ts';
import { MOUNT_MISSING, mountSmallDisk } from '../fixtures/small-disk.ts';
import { expectRefused, send, startSite, type Site } from './harness.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-faults-'));
});
afterAll(() => rm(folder, { recursive: true }));

const databaseOf = ({ store }: Pick<Latchkey, 'store'>): readonly string[] =>
  ['', '-wal', '-shm'].map((suffix) => join(store, `credentials.db${suffix}`));

/** The successor of a token by the gateway, or null when it is refused with 503 because it cannot be written down. */
async function exchange(site: Site, token: string): Promise<string | null> {
  const answer = await send(site, { target: '/.latchkey/rotate', body: '', token });
  expect([200, 503]).toContain(answer.status);
  if (answer.status === 503) return null;
  return (JSON.parse(answer.body) as { token: string }).token;
}

const statusOf = async (site: Site, token: string): Promise<number> => (await send(site, { token })).status;

/** Another gateway on the same store. */
function startAgain({ gateway, spy }: Site): Promise<Latchkey> {
  const tools = { echo: { scopes: ['file:read'] } };
  return startLatchkey({ config: { store: gateway.store, upstream: { url: spy.url }, tools } });
}

const WRITES = ['write', 'pwrite64', 'ftruncate', 'fallocate'];
const SYNCS = ['fsync', 'fdatasync'];
const DISK_FAULTS: readonly Pick<FaultOptions, 'calls' | 'fault' | 'when'>[] = [
  ...['1', '2', '3', '1+'].map((when) => ({ calls: WRITES, fault: 'EIO', when }) as const),
  ...['1', '2', '1+'].map((when) => ({ calls: WRITES, fault: 'ENOSPC', when }) as const),
  ...['1', '2', '1+'].map((when) => ({ calls: SYNCS, fault: 'EIO', when }) as const),
];

test.skipIf(STRACE_MISSING)('ROB-02 I/O faults: the store of a running gateway', async () => {
  const site = await startSite({ limits: { failedPerAddress: '1000/min' } });
  const acknowledged = [(await site.gateway.createToken('turned', '--scope', 'file:read')).token];
  const newest = (): string => acknowledged.at(-1) as string;
  let [hits, refused] = [0, 0];
  for (const each of DISK_FAULTS) {
    const injected = await injectFault(site.gateway.pid, { ...each, paths: databaseOf(site.gateway) });
    const next = await exchange(site, newest());
    // Whoever was let in before still is, or is told to come again; a stranger never is.
    expect([200, 503]).toContain(await statusOf(site, site.tokens.bob));
    await expectRefused(site, { token: site.tokens.revoked }, [401, 503]);
    hits += injected.hits();
    await injected.end();
    if (next === null) refused += 1;
    else acknowledged.push(next);
    // What was not handed out does not exist, and the old one has not been used up.
    expect(await statusOf(site, newest())).toBe(200);
    const now = await exchange(site, newest());
    expect(now).not.toBeNull();
    acknowledged.push(now as string);
  }
  expect(hits).toBeGreaterThan(DISK_FAULTS.length / 2);
  expect(refused).toBeGreaterThan(2);
  // And none of it was true only in memory.
  await site.gateway.kill('SIGKILL');
  const after = await startAgain(site);
  for (const token of acknowledged) expect(await statusOf({ ...site, gateway: after }, token)).toBe(200);
  expect(await statusOf({ ...site, gateway: after }, site.tokens.revoked)).toBe(401);
  await after.close();
  await site.close();
});

test.skipIf(MOUNT_MISSING)('ROB-02 I/O faults: a disk that is really full', async () => {
  const disk = mountSmallDisk();
  const site = await startSite({ store: disk.path });
  const { token } = await site.gateway.createToken('turned', '--scope', 'file:read');
  disk.fill();
  await expect.poll(() => exchange(site, token), { timeout: 20_000 }).toBeNull();
  await expect(site.gateway.createToken('more')).rejects.toThrow('E_STORE_FULL');
  const revoking = site.gateway.command('token', 'revoke', 'bob').then(
    () => 'acknowledged',
    (error: unknown) => String(error),
  );
  expect(['acknowledged', expect.stringContaining('E_STORE_FULL')]).toContainEqual(await revoking);
  disk.free();
  await expect.poll(() => statusOf(site, token), { timeout: 20_000 }).toBe(200);
  expect(await statusOf(site, site.tokens.bob)).toBe((await revoking) === 'acknowledged' ? 401 : 200);
  const next = await exchange(site, token);
  expect(await statusOf(site, next as string)).toBe(200);
  expect((await site.gateway.createToken('more')).token).toMatch(/^lk_/);
  await site.close();
  disk.close();
});

let runs = 0;

/** Runs the program to its end with a fault from its first system call on. */
async function runUnder(fault: FaultOptions, args: readonly string[]): Promise<Ended & { hits: number }> {
  runs += 1;
  const log = join(folder, `strace-${runs}`);
  const child = spawn('strace', [...faultWords(fault, log), process.execPath, PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => void (said[name] += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said, hits: (await readFile(log, 'utf8')).split('(INJECTED)').length - 1 };
}

test.skipIf(STRACE_MISSING)('ROB-02 I/O faults: commands', async () => {
  const site = await startSite();
  const paths = databaseOf(site.gateway);
  const faults: FaultOptions[] = [
    { calls: ['openat', 'open'], fault: 'EMFILE', paths, when: '1+' },
    { calls: ['openat', 'open'], fault: 'EROFS', paths, when: '2' },
    { calls: WRITES, fault: 'ENOSPC', paths, when: '2' },
    { calls: SYNCS, fault: 'EIO', paths, when: '1' },
  ];
  let hits = 0;
  const under = async (fault: FaultOptions, at: number): Promise<void> => {
    const args = ['token', 'create', `under-${at}`, '--scope', 'file:read', '--json', '--store', site.gateway.store];
    const ended = await runUnder(fault, args);
    hits += ended.hits;
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^latchkey: E_STORE_(?:FULL|UNREADABLE) .*\n {2}hint: /);
    // What failed can be done again under the same name.
    const { token } = await site.gateway.createToken(`under-${at}`, '--scope', 'file:read');
    expect(await statusOf(site, token)).toBe(200);
  };
  await Promise.all(faults.map(under));
  expect(hits).toBeGreaterThanOrEqual(faults.length);
  await site.close();
});

test.skipIf(STRACE_MISSING)('ROB-02 I/O faults: at the start', async () => {
  const site = await startSite();
  await site.gateway.kill('SIGTERM');
  const { store, configFile } = site.gateway;
  const faults: FaultOptions[] = [
    { calls: ['openat', 'open'], fault: 'EMFILE', paths: databaseOf(site.gateway) },
    { calls: ['openat', 'open'], fault: 'EIO', paths: databaseOf(site.gateway) },
    { calls: ['mkdir', 'mkdirat', 'openat', 'open'], fault: 'EROFS', paths: [store, ...databaseOf(site.gateway)] },
    { calls: ['pread64'], fault: 'EIO', paths: databaseOf(site.gateway) },
  ];
  await Promise.all(
    faults.map(async (fault) => {
      const ended = await runUnder(fault, ['run', '--json', '--config', configFile]);
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(/^latchkey: E_STORE_\w+ .*\n {2}hint: /);
      expect(ended.hits).toBeGreaterThan(0);
    }),
  );
  // It left the store as it was.
  const after = await startAgain(site);
  expect(await statusOf({ ...site, gateway: after }, site.tokens.bob)).toBe(200);
  await after.close();
  await site.close();
});

test.skipIf(STRACE_MISSING)('ROB-02 I/O faults: a token that cannot be handed over', async () => {
  const file = join(folder, 'handed-over.json');
  const rotate = { every: '3s', grace: '2s', deliver: { file } };
  const site = await startSite();
  const gateway = await startLatchkey({
    config: { upstream: { url: site.spy.url }, auth: { tokens: { ttl: '300s', rotate } } },
  });
  const own = { ...site, gateway };
  const read = async (): Promise<string | null> => {
    const text = await readFile(file, 'utf8').catch(() => '{}');
    return (JSON.parse(text) as { default?: { token: string } }).default?.token ?? null;
  };
  await expect.poll(read, { timeout: 30_000 }).toBe(gateway.token);
  const injected = await injectFault(gateway.pid, {
    calls: ['rename', 'renameat', 'renameat2'],
    fault: 'EROFS',
    paths: [],
  });
  await expect.poll(() => gateway.talk(), { timeout: 30_000 }).toContain('E_DELIVERY');
  // The old one lives on, as nobody has the new one; nothing half-written is left.
  expect(await statusOf(own, gateway.token)).toBe(200);
  expect(await read()).toBe(gateway.token);
  expect((await readdir(folder)).filter((name) => name.includes('handed-over'))).toEqual(['handed-over.json']);
  await injected.end();
  await expect.poll(read, { timeout: 30_000 }).not.toBe(gateway.token);
  expect(await statusOf(own, (await read()) ?? '')).toBe(200);
  await gateway.close();
  await site.close();
});
