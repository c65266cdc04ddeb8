import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { open, startBusySites } from './busy-sites.ts';
import { expectRefused, modernCall, send, startSite, type Site } from './harness.ts';

const LOUD = 'the store is not where it was';
const PATIENCE = { timeout: 20_000 };

const readiness = async (site: Site): Promise<[number, string]> => {
  const { status, body } = await send(site, { method: 'GET', target: '/readyz', token: null });
  return [status, body];
};

/** Nothing gets in, new tokens of what is there now included, and the log says once what to do. */
async function expectClosed(site: Site): Promise<void> {
  await expect.poll(() => readiness(site), PATIENCE).toEqual([503, '{"status":"store unavailable"}']);
  await expect.poll(() => site.gateway.talk(), PATIENCE).toContain(LOUD);
  for (const call of [
    {},
    modernCall('tools/list'),
    { token: site.tokens.bob },
    { target: '/.latchkey/rotate', body: '' },
  ])
    await expectRefused(site, call, 503);
  expect((await send(site, { method: 'GET', target: '/healthz', token: null })).status).toBe(200);
  expect(site.gateway.talk().split(LOUD)).toHaveLength(2);
  expect(site.gateway.talk()).toContain('E_STORE_REPLACED');
  expect(site.gateway.talk()).toContain('Restart');
}

test('ROB-08 dependency outage: a store that was put back from a backup, under the gateway', async () => {
  const site = await startSite();
  const { store } = site.gateway;
  expect((await send(site)).status).toBe(200);
  await cp(store, `${store}.backup`, { recursive: true });
  await rename(store, `${store}.old`);
  await cp(`${store}.backup`, store, { recursive: true });
  // At once: what is revoked there lets nobody in.
  await site.gateway.command('token', 'revoke', 'alice-read');
  await expectRefused(site, {}, 503);
  await expectClosed(site);
  expect(await site.gateway.command('trail', 'verify')).toMatch(/^ok: /);

  await rm(store, { recursive: true });
  await rename(`${store}.old`, store);
  await expect.poll(() => readiness(site), PATIENCE).toEqual([200, '{"status":"ok"}']);
  expect((await send(site)).status).toBe(200);
  expect(await site.gateway.command('trail', 'verify')).toMatch(/^ok: /);
  await site.close();
});

test('ROB-08 dependency outage: a database that lost its journal, under the gateway', async () => {
  const site = await startSite();
  const database = join(site.gateway.store, 'credentials.db');
  expect((await send(site)).status).toBe(200);
  // So that what is there without the journal knows the token, as a backup that is put back does.
  new DatabaseSync(database).exec('PRAGMA wal_checkpoint(FULL)');
  await Promise.all(['-wal', '-shm'].map((suffix) => rm(`${database}${suffix}`)));
  await site.gateway.command('token', 'revoke', 'alice-read');
  await expectRefused(site, {}, 503);
  await expectClosed(site);
  await site.close();
});

test('ROB-08 dependency outage: a store that was removed ends open streams too', async () => {
  const sites = await startBusySites();
  const [site] = sites;
  const stream = await open(site, {
    ...modernCall('subscriptions/listen', { notifications: { toolsListChanged: true } }, 'sub'),
    token: site.tokens.bob,
  });
  await stream.until(({ method }) => method === 'notifications/subscriptions/acknowledged');
  await rm(site.gateway.store, { recursive: true });
  expect(await stream.ended).toBe('cut');
  await expect.poll(() => site.gateway.talk(), PATIENCE).toContain(LOUD);
  // Its last records have no place to be written to.
  expect(await site.gateway.kill('SIGTERM')).toBe(1);
  await Promise.all(sites.map((each) => each.close()));
});
