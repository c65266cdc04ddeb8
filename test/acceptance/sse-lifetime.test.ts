import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBusyUpstream } from '../fixtures/busy-http.ts';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { descendantsOf } from '../fixtures/processes.ts';
import { modernVoice, startBusySites, type BusySite } from './busy-sites.ts';
import { send } from './harness.ts';
import { request, startSse, textOf, toolCall, type SseClient } from './sse-client.ts';

let sites: readonly BusySite[];
beforeAll(async () => {
  sites = await startBusySites();
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
    // It gets no answer (2025-11-25, Cancellation), and its id is free again in a moment.
    const again = toolCall('echo', { text: 'again' }, 7);
    await expect.poll(async () => (await client.post(again)).status, SOON).toBe(202);
    const answer = await client.stream.until(({ id }) => id === 7);
    expect(textOf(answer)).toBe('again');
    expect(client.stream.messages.filter(({ id }) => id === 7)).toEqual([answer]);
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
      await client.ask('tools/call', { name: 'change', arguments: { uri, everyone: true } }, `change ${uri.length}`);
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
  // Its answer had begun, and so ends as it does at /mcp.
  expect((await client.stream.until(({ id }) => id === 1)).error).toMatchObject({ code: -32603 });
  expect(await client.stream.ended).toBe('whole');
  expect((await client.post(request('ping', {}, 2))).status).toBe(404);
});
