import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { injectFault, STRACE_MISSING, type FaultOptions } from '../fixtures/faults.ts';
import { headerValue } from '../fixtures/raw-http.ts';
import { trailRecords } from '../fixtures/trail-files.ts';
import { MOUNT_MISSING, mountReadOnly, mountSmallDisk } from '../fixtures/small-disk.ts';
import { expectDiscreet } from './challenge.ts';
import { callsSeen, expectRefused, modernCall, send, startSite, type Site } from './harness.ts';

const LOUD = 'the trail cannot be written';
const PATIENCE = { timeout: 20_000 };

const readiness = async (site: Site): Promise<number> =>
  (await send(site, { method: 'GET', target: '/readyz', token: null })).status;

/** Records of calls that were let through, by the program's own reader. */
async function recordedCalls({ gateway }: Site): Promise<number> {
  const text = await gateway.command('trail', '--json', '--decision', 'allow', '--limit', '1000000');
  return text.split('\n').filter((line) => line.includes('"tools/call"')).length;
}

/** Nothing gets in: not by any method, with any credential or none, nor to a new token. Health says so, and so does the log. */
async function expectClosed(site: Site, loud = LOUD): Promise<void> {
  expect(await readiness(site)).toBe(503);
  for (const call of [
    {},
    modernCall('tools/list'),
    { token: site.tokens.bob },
    { target: '/.latchkey/rotate', body: '' },
    { method: 'GET', headers: { Accept: 'text/event-stream' } },
  ]) {
    const answer = await expectRefused(site, call, 503);
    expect(Number(headerValue(answer, 'retry-after'))).toBeGreaterThan(0);
    expectDiscreet(site, answer);
  }
  await expectRefused(site, { token: null }, [401, 503]);
  expect((await send(site, { method: 'GET', target: '/healthz', token: null })).status).toBe(200);
  expect(site.gateway.talk()).toContain(loud);
}

/** Everything is as before, and every call that was answered is in the trail. */
async function expectOpen(site: Site, answered: number): Promise<void> {
  await expect.poll(() => readiness(site), PATIENCE).toBe(200);
  expect((await send(site)).status).toBe(200);
  await expect.poll(() => recordedCalls(site), PATIENCE).toBe(answered + 1);
  expect(site.gateway.talk()).not.toMatch(/"lost":[1-9]/);
}

/** Calls until one is refused; says how many were answered. */
async function callUntilRefused(site: Site): Promise<number> {
  for (let answered = 0; ; answered += 1) {
    const { status } = await send(site);
    if (status === 503) return answered;
    expect(status).toBe(200);
  }
}

test.skipIf(MOUNT_MISSING)('LOG-07 audit cannot be written: no space, before a call could be lost', async () => {
  const disk = mountSmallDisk();
  const site = await startSite({ store: disk.path });
  expect((await send(site)).status).toBe(200);
  await expect.poll(() => recordedCalls(site), PATIENCE).toBe(1);
  for (let round = 0; round < 2; round += 1) {
    disk.fill();
    // Found out with no call in between.
    await expect.poll(() => readiness(site), PATIENCE).toBe(503);
    await expectClosed(site);
    disk.free();
    await expectOpen(site, 1 + round);
  }
  await site.close();
  disk.close();
});

test.skipIf(MOUNT_MISSING)('LOG-07 audit cannot be written: no space, in the middle of calls', async () => {
  const disk = mountSmallDisk();
  const site = await startSite({ store: disk.path });
  expect((await send(site)).status).toBe(200);
  disk.fill();
  const answered = await callUntilRefused(site);
  await expectClosed(site);
  disk.free();
  await expectOpen(site, 1 + answered);
  await site.close();
  disk.close();
});

test.skipIf(MOUNT_MISSING)('LOG-07 audit cannot be written: read-only', async () => {
  const site = await startSite();
  const undo = mountReadOnly(join(site.gateway.store, 'trail'));
  await expect.poll(() => readiness(site), PATIENCE).toBe(503);
  await expectClosed(site);
  expect(callsSeen(site)).toEqual([]);
  undo();
  await expectOpen(site, 0);
  await site.close();
});

test('LOG-07 audit cannot be written: a reload holds, and nobody gets in before its record', async () => {
  const site = await startSite();
  const { configFile, store } = site.gateway;
  expect((await send(site)).status).toBe(200);
  const folder = join(store, 'trail');
  await rename(folder, `${folder}.away`);
  await writeFile(folder, '');
  const config = JSON.parse(await readFile(configFile, 'utf8')) as Record<string, object>;
  await writeFile(configFile, JSON.stringify({ ...config, tools: { echo: { deny: true } } }));
  await expect.poll(() => site.gateway.talk(), PATIENCE).toContain('the rules were replaced');
  await expectClosed(site, 'a reload could not be written down');
  await rm(folder);
  await rename(`${folder}.away`, folder);
  await expect.poll(() => readiness(site), PATIENCE).toBe(200);
  await expectRefused(site, {}, 403);
  const reloads = trailRecords(store).filter(({ method }) => method === 'config reload');
  expect(reloads).toMatchObject([{ target: configFile, principal: 'gateway' }]);
  expect(await site.gateway.command('trail', 'verify')).toContain('ok');
  await site.close();
});

const FAULTS: readonly Pick<FaultOptions, 'calls' | 'fault'>[] = [
  { calls: ['write', 'writev', 'pwrite64', 'pwritev'], fault: 'EIO' },
  { calls: ['write', 'writev', 'pwrite64', 'pwritev'], fault: 'ENOSPC' },
  { calls: ['write', 'writev', 'pwrite64', 'pwritev'], fault: 'EROFS' },
  { calls: ['fdatasync', 'fsync'], fault: 'EIO' },
];

test.skipIf(STRACE_MISSING)('LOG-07 audit cannot be written: a disk that fails', async () => {
  const site = await startSite({ limits: { callsPerCredential: '100000/min', requestsPerAddress: '100000/min' } });
  expect((await send(site)).status).toBe(200);
  const folder = join(site.gateway.store, 'trail');
  await expect.poll(() => readdir(folder)).toHaveLength(1);
  const paths = readdirSync(folder).map((name) => join(folder, name));
  let answered = 1;
  for (const each of FAULTS) {
    const injected = await injectFault(site.gateway.pid, { ...each, paths });
    answered += await callUntilRefused(site);
    if (each.calls.includes('write')) await expectClosed(site);
    expect(injected.hits()).toBeGreaterThan(0);
    await injected.end();
    await expectOpen(site, answered);
    answered += 1;
  }
  await site.close();
});

test.skipIf(STRACE_MISSING)('LOG-07 audit cannot be written: no file can be opened', async () => {
  const site = await startSite({ limits: { callsPerCredential: '100000/min', requestsPerAddress: '100000/min' } });
  const folder = join(site.gateway.store, 'trail');
  for (const [at, fault] of (['EMFILE', 'EROFS', 'EIO'] as const).entries()) {
    await expect.poll(() => readdir(folder)).toHaveLength(1);
    for (const name of await readdir(folder)) await rm(join(folder, name));
    // What is gone is not begun again: the next file has the next number.
    const path = join(folder, `${new Date().toISOString().slice(0, 10)}.${String(at + 2).padStart(6, '0')}.jsonl`);
    const injected = await injectFault(site.gateway.pid, { calls: ['openat', 'open'], fault, paths: [path] });
    const answered = await callUntilRefused(site);
    await expectClosed(site);
    expect(injected.hits()).toBeGreaterThan(0);
    await injected.end();
    await expectOpen(site, answered);
  }
  await site.close();
});

test('LOG-07 audit cannot be written: rotated away', async () => {
  const site = await startSite();
  const folder = join(site.gateway.store, 'trail');
  const away = await mkdtemp(join(tmpdir(), 'latchkey-away-'));
  let kept = 0;
  const callAndFind = async (): Promise<void> => {
    expect((await send(site)).status).toBe(200);
    kept += 1;
    await expect.poll(() => recordedCalls(site), PATIENCE).toBe(kept);
  };
  await callAndFind();
  // A file, moved or removed, and the whole folder: the trail goes on in a new one.
  const [file] = await readdir(folder);
  await rename(join(folder, file as string), join(away, 'file'));
  kept = 0;
  await callAndFind();
  await rm(join(folder, (await readdir(folder))[0] as string));
  kept = 0;
  await callAndFind();
  await rename(folder, join(away, 'trail'));
  kept = 0;
  await callAndFind();
  // With the whole store gone nothing can be decided or written down, until it is back.
  await rename(site.gateway.store, join(away, 'store'));
  await expect.poll(() => site.gateway.talk(), PATIENCE).toContain('the store is not where it was');
  await expectClosed(site, 'the store is not where it was');
  await rename(join(away, 'store'), site.gateway.store);
  await expectOpen(site, kept);
  await site.close();
  await rm(away, { recursive: true });
});
