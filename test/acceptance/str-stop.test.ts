import { afterAll, beforeAll, expect, test } from 'vitest';
import { descendantsOf, isRunning } from '../fixtures/processes.ts';
import { exchangeInTurn, headerValue, json } from '../fixtures/raw-http.ts';
import { legacyVoice, modernVoice, open, openSideStream, startBusySites, type BusySite } from './busy-sites.ts';
import { modernCall, requestBytes, send } from './harness.ts';

let sites: readonly BusySite[];
beforeAll(async () => void (sites = await startBusySites()), 120_000);
afterAll(() => Promise.all(sites.map((site) => site.close())));

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

async function expectGracefulStop(site: BusySite): Promise<void> {
  const { aliceWrite, bob } = site.tokens;
  const voice = modernVoice(aliceWrite);
  const session = await legacyVoice(site, bob);
  const listener = await open(site, {
    ...modernCall('subscriptions/listen', { notifications: { toolsListChanged: true } }, 'sub'),
    token: bob,
  });
  await listener.until(({ method }) => method === ACKNOWLEDGED);
  const side = await openSideStream(site, session);
  await side.started;
  const finishing = await open(site, voice.call('echo', { text: 'finishes', delayMs: 3000 }, 1));
  const finishingInSession = await open(site, session.call('echo', { text: 'finishes', delayMs: 3000 }, 1));
  const silent = await open(site, voice.call('hang', { text: 'silent' }, 2));
  const streaming = await open(site, voice.call('hang', { text: 'streaming' }, 3, { progressToken: 3 }));
  await streaming.until(({ method }) => method === 'notifications/progress');
  await expect.poll(() => site.notes().filter((note) => note.startsWith('started')).length).toBe(2);
  const children = descendantsOf(site.gateway.pid).map(({ pid }) => pid);
  expect(children.length > 0).toBe(site.kind !== 'http');

  process.kill(site.gateway.pid, 'SIGTERM');
  const goodbye = await listener.until(({ result }) => result !== undefined);
  expect(goodbye).toEqual({
    jsonrpc: '2.0',
    id: 'sub',
    result: { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 'sub' } },
  });
  expect(await Promise.all([listener.ended, side.ended])).toEqual(['whole', 'whole']);

  // On a new connection, and on one that was open before.
  const before = site.notes().length;
  const refused = await send(site, voice.call('echo', { text: 'late' }, 4));
  expect([refused.status, json(refused).error?.code]).toEqual([503, 503]);
  expect(headerValue(refused, 'retry-after')).toMatch(/^[1-9]\d*$/);
  const ready = await send(site, { method: 'GET', target: '/readyz', token: null });
  expect(ready.status).toBe(503);
  const [first, second] = await exchangeInTurn(site.gateway.url, [
    requestBytes(site, voice.call('echo', { text: 'late' }, 5)),
    requestBytes(site, session.call('echo', { text: 'late' }, 6)),
  ]);
  expect([first?.status, second?.status]).toEqual([503, 503]);
  expect(site.notes().slice(before).join('\n')).not.toContain('late');

  for (const call of [finishing, finishingInSession])
    expect(await call.until(({ id }) => id === 1)).toMatchObject({ result: { content: [{ text: 'finishes' }] } });
  // The grace is over: who can still be told of it is told.
  expect((await streaming.until(({ error }) => error !== undefined, 20_000)).id).toBe(3);
  expect(await streaming.ended).toBe('whole');
  expect(await silent.ended).toBe('whole');
  expect(silent.messages.map(({ error }) => error?.message)).toEqual(['This server is stopping. Try again.']);
  expect(await site.gateway.ended).toBe(0);
  await expect.poll(() => children.filter(isRunning), { timeout: 1000 }).toEqual([]);
  for (const stream of [listener, side, finishing, finishingInSession, silent, streaming]) stream.leave();
}

test('STR-19 graceful stop', async () => {
  await Promise.all(sites.map(expectGracefulStop));
});
