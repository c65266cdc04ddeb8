import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBusyUpstream } from '../fixtures/busy-http.ts';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { descendantsOf } from '../fixtures/processes.ts';
import { json } from '../fixtures/raw-http.ts';
import { modernVoice, startBusySites, type BusySite } from './busy-sites.ts';
import { send } from './harness.ts';
import { request, startSse, textOf, toolCall, type SseClient } from './sse-client.ts';

const SEND_TIMEOUT_MS = 4000;
let sites: readonly BusySite[];
beforeAll(async () => {
  sites = await startBusySites({ limits: { sendTimeout: `${SEND_TIMEOUT_MS / 1000}s`, unreadBytes: '8MiB' } });
}, 120_000);
afterAll(() => Promise.all(sites.map((site) => site.close())));

const SOON = { timeout: 3000, interval: 20 };

test('SSE a call is cancelled by its notification, and no other', async () => {
  for (const site of sites) {
    const client = await startSse(site);
    for (const id of [7, 8]) {
      await client.post(toolCall('hang', { text: `sse ${id}` }, id, { progressToken: id }));
      await client.stream.until(({ params }) => params?.['progressToken'] === id);
    }
    const cancelled = await client.post({ method: 'notifications/cancelled', params: { requestId: 7 } });
    expect([cancelled.status, cancelled.body]).toEqual([202, '']);
    await expect.poll(() => site.notes().some((note) => note.includes('notifications/cancelled')), SOON).toBe(true);
    await expect.poll(site.notes, SOON).toContain('cancelled sse 7');
    expect(site.notes()).not.toContain('cancelled sse 8');
    // It gets no answer (2025-11-25, Cancellation), and its id is free again.
    expect(client.stream.messages.filter(({ id }) => id === 7)).toEqual([]);
    const again = await client.ask('tools/call', { name: 'echo', arguments: { text: 'again' } }, 7);
    expect(textOf(again)).toBe('again');
    client.stream.leave();
  }
});

test('SSE a client that leaves takes its calls and its session along', async () => {
  for (const site of sites) {
    const client = await startSse(site);
    await client.post(toolCall('hang', { text: 'left behind' }, 1, { progressToken: 1 }));
    await client.stream.until(({ method }) => method === 'notifications/progress');
    const children = new Set(descendantsOf(site.gateway.pid).map(({ pid }) => pid));
    client.stream.leave();
    // A session of its own process ends with that.
    const gone = (): boolean =>
      site.kind === 'stdio of 2025'
        ? descendantsOf(site.gateway.pid).filter(({ pid }) => children.has(pid)).length < children.size
        : site.notes().includes('cancelled left behind');
    await expect.poll(gone, { timeout: 8000, interval: 20 }).toBe(true);
    expect((await client.post(request('ping', {}, 2))).status).toBe(404);
  }
});

test('SSE a question of the server comes on the stream, and the answer goes back', async () => {
  for (const site of sites) {
    const client = await startSse(site, site.tokens.aliceRead, { capabilities: { elicitation: {} } });
    expect((await client.post(toolCall('ask', { text: 'who?' }, 3))).status).toBe(202);
    const question = await client.stream.until(({ method }) => method === 'elicitation/create');
    expect(question.params?.['message']).toBe('who?');
    const answered = await client.post({ id: question.id, result: { action: 'accept', content: { name: 'me' } } });
    expect(answered.status).toBe(202);
    expect(textOf(await client.stream.until(({ id }) => id === 3))).toBe('who? heard {"name":"me"}');
    client.stream.leave();
  }
});

function changed({ stream }: SseClient): boolean {
  return stream.messages.some(({ method }) => method === 'notifications/tools/list_changed');
}

test('SSE what a server says on its own account comes on the stream, if the caller may hear it', async () => {
  for (const site of sites) {
    const { aliceWrite, bob } = site.tokens;
    const [client, other] = [await startSse(site, bob), await startSse(site, aliceWrite)];
    for (const one of [client, other])
      expect((await one.ask('resources/subscribe', { uri: 'file:///data/x' }, 'subscribe')).result).toBeDefined();
    const refused = await client.post(request('resources/subscribe', { uri: 'file:///private/x' }, 'private'));
    expect(refused.status).toBe(403);
    // The stream to the server is opened after the handshake, a moment later.
    await expect
      .poll(
        async () => {
          await send(site, modernVoice(bob).call('change', {}, 'change'));
          await client.ask('tools/call', { name: 'change', arguments: {} }, `change ${Math.random()}`);
          return changed(client);
        },
        { timeout: 10_000, interval: 100 },
      )
      .toBe(true);
    for (const uri of ['file:///private/plan', 'file:///data/x'])
      await client.ask('tools/call', { name: 'change', arguments: { uri, everyone: true } }, `change ${uri}`);
    await client.stream.until(({ params }) => params?.['uri'] === 'file:///data/x');
    expect(client.stream.text).not.toContain('file:///private/plan');
    for (const { stream } of [client, other]) stream.leave();
  }
});

test('SSE a server that dies is told as an error, and the stream ends', async () => {
  const upstream = await startBusyUpstream();
  const like = sites[0] as BusySite;
  const gateway = await startLatchkey({
    config: { upstream: { url: upstream.url }, tools: { '*': { scopes: ['file:read'] } } },
  });
  const { token } = await gateway.createToken('reader', '--scope', 'file:read');
  const site = { gateway, tokens: { ...like.tokens, aliceRead: token } };
  const client = await startSse(site, token);
  await client.post(toolCall('hang', { text: 'dying' }, 1, { progressToken: 1 }));
  await client.stream.until(({ method }) => method === 'notifications/progress');
  await upstream.close();
  const answer = await client.stream.until(({ id }) => id === 1);
  expect(answer.error).toMatchObject({ code: 502 });
  const next = await client.post(toolCall('echo', {}, 2));
  expect(next.status).toBe(202);
  expect((await client.stream.until(({ id }) => id === 2)).error).toMatchObject({ code: 502 });
  client.stream.leave();
  await gateway.close();
});

test('SSE a child that dies is told as an error, and the stream of its session ends', async () => {
  const site = sites[1] as BusySite;
  const before = new Set(descendantsOf(site.gateway.pid).map(({ pid }) => pid));
  const client = await startSse(site);
  await client.post(toolCall('hang', { text: 'dying' }, 1, { progressToken: 1 }));
  await client.stream.until(({ method }) => method === 'notifications/progress');
  const own = descendantsOf(site.gateway.pid).filter(({ pid }) => !before.has(pid));
  for (const { pid } of own) process.kill(pid, 'SIGKILL');
  expect((await client.stream.until(({ id }) => id === 1)).error).toMatchObject({ code: 502 });
  expect(await client.stream.ended).toBe('whole');
  expect((await client.post(request('ping', {}, 2))).status).toBe(404);
});

/** Reads nothing for a while. */
const stall = (socket: Socket): void => void socket.pause();

test('SSE a reader that takes nothing is cut, and what waits for it is bounded', async () => {
  for (const site of sites) {
    const stalled = await startSse(site, site.tokens.aliceWrite);
    const other = await startSse(site, site.tokens.bob);
    stall(stalled.stream.socket);
    await stalled.post(toolCall('flood', { megabytes: 30, text: 'unread' }, 1, { progressToken: 1 }));
    const ended = (): boolean => site.notes().some((note) => /^flood of unread (?:cancelled|ended)$/.test(note));
    for (let round = 0; round < 5; round += 1) {
      const text = `served ${round}`;
      expect(textOf(await other.ask('tools/call', { name: 'echo', arguments: { text } }, round))).toBe(text);
    }
    // The process of a session of its own ends before it can say so.
    await expect.poll(() => site.kind === 'stdio of 2025' || ended(), { timeout: SEND_TIMEOUT_MS * 4 }).toBe(true);
    await expect
      .poll(async () => (await stalled.post(request('ping', {}, 2))).status, { timeout: SEND_TIMEOUT_MS * 4 })
      .toBe(404);
    stalled.stream.socket.resume();
    expect(await stalled.stream.ended).toBe('cut');
    other.stream.leave();
  }
}, 120_000);

test('SSE answers that together are more than may be unread cut the stream', async () => {
  for (const site of sites) {
    const stalled = await startSse(site, site.tokens.aliceWrite);
    stall(stalled.stream.socket);
    for (let id = 1; id <= 4; id += 1) await stalled.post(toolCall('big', { megabytes: 5 }, id));
    await expect
      .poll(async () => (await stalled.post(request('ping', {}, 'p'))).status, { timeout: 10_000, interval: 50 })
      .toBe(404);
    stalled.stream.socket.resume();
    expect(await stalled.stream.ended).toBe('cut');
  }
});

test('SSE a stream that is read gets large answers whole', async () => {
  for (const site of sites) {
    const client = await startSse(site, site.tokens.aliceWrite);
    const answer = await client.ask('tools/call', { name: 'big', arguments: { megabytes: 6 } }, 1);
    expect(textOf(answer).length).toBe(6 * 1024 * 1024);
    client.stream.leave();
  }
});

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
  expect(told.error?.message).toBe('The gateway is stopping. Try again.');
  expect(await stuck.stream.ended).toBe('whole');
  expect(await site.gateway.ended).toBe(0);
}

test('SSE a stop lets calls finish, then tells those that do not', async () => {
  const own = await startBusySites();
  await Promise.all(own.map(expectGracefulStop));
  await Promise.all(own.map((site) => site.close()));
}, 120_000);
