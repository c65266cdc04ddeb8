import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { json } from '../fixtures/raw-http.ts';
import { startBusySites, type BusySite } from './busy-sites.ts';
import { request, startSse, textOf, toolCall } from './sse-client.ts';

async function expectGracefulStop(site: BusySite): Promise<void> {
  const { bob, aliceRead } = site.tokens;
  const [idle, busy, stuck] = [await startSse(site, bob), await startSse(site, aliceRead), await startSse(site, bob)];
  await busy.post(toolCall('echo', { text: 'finishes', delayMs: 2500 }, 1));
  await stuck.post(toolCall('hang', { text: 'stuck' }, 2, { progressToken: 2 }));
  await stuck.stream.until(({ method }) => method === 'notifications/progress');
  await sleep(100);
  process.kill(site.gateway.pid, 'SIGTERM');
  expect(await idle.stream.ended).toBe('whole');
  const late = await busy.post(request('ping', {}, 3));
  expect([late.status, json(late).error?.code]).toEqual([503, 503]);
  expect(textOf(await busy.stream.until(({ id }) => id === 1))).toBe('finishes');
  expect(await busy.stream.ended).toBe('whole');
  const told = await stuck.stream.until(({ id }) => id === 2, 20_000);
  expect(told.error?.message).toBe('This server is stopping. Try again.');
  expect(await stuck.stream.ended).toBe('whole');
  expect(await site.gateway.ended).toBe(0);
}

test('SSE a stop lets calls finish, then tells those that do not', async () => {
  const sites = await startBusySites();
  await Promise.all(sites.map(expectGracefulStop));
  await Promise.all(sites.map((site) => site.close()));
}, 120_000);
