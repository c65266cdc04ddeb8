import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { startPollingServer, type PollingServer } from '../fixtures/polling-server.ts';
import type { Event } from '../fixtures/event-stream.ts';
import type { Door } from './harness.ts';
import { startSse, textOf, toolCall, type SseClient } from './sse-client.ts';

let server: PollingServer;
let gateway: Latchkey;
beforeEach(async () => {
  server = await startPollingServer();
  const upstream = { url: server.url, timeout: '1s' };
  gateway = await startLatchkey({ config: { upstream, limits: { callMax: '1s' }, compat: { rest: true } } });
});
afterEach(async () => {
  await gateway.close();
  await server.close();
});

const start = (): Promise<SseClient> => startSse({ gateway } as unknown as Door & { gateway: Latchkey }, gateway.token);

async function call(client: SseClient, tool: string): Promise<Event> {
  expect((await client.post(toolCall(tool, {}, 1))).status).toBe(202);
  return client.stream.until(({ id }) => id === 1);
}

test('SSE an answer is gone on with until it comes, from the last event that had an id', async () => {
  const client = await start();
  expect(textOf(await call(client, 'twice'))).toBe('the third time');
  expect(server.resumptions.map(({ lastEventId }) => lastEventId)).toEqual(['twice/0', 'twice/0', 'twice/1']);
  for (const { sessionId, rawHeaders } of server.resumptions) {
    expect(sessionId).toBe('the-one-session');
    expect(rawHeaders.join('\n')).not.toContain(gateway.token);
  }
  expect(client.stream.messages.filter(({ method }) => method === 'notifications/progress')).toHaveLength(1);
  client.stream.leave();
});

test('SSE an answer that was cut is gone on with, and its half event forgotten', async () => {
  const client = await start();
  expect(textOf(await call(client, 'cut'))).toBe('whole');
  client.stream.leave();
});

test('SSE what the server says of its own is gone on with, and begun anew where the server cannot', async () => {
  const talking = await startPollingServer(true);
  const before = await startLatchkey({ config: { upstream: { url: talking.url } } });
  const client = await startSse({ gateway: before } as unknown as Door & { gateway: Latchkey }, before.token);
  const heard = (): unknown[] => client.stream.messages.flatMap(({ params }) => params?.['data'] ?? []);
  await expect.poll(() => heard().slice(0, 3)).toEqual(['first', 'second', 'first']);
  expect(talking.resumptions.slice(0, 2).map(({ lastEventId }) => lastEventId)).toEqual(['own/0', 'own/1']);
  client.stream.leave();
  await before.close();
  await talking.close();
});

test('SSE a server that does not go on is told of, at once or when the time of the call is over', async () => {
  const client = await start();
  expect((await call(client, 'refused')).error?.message).toContain('no usable answer');
  expect((await client.post(toolCall('silent', {}, 2))).status).toBe(202);
  expect((await client.stream.until(({ id }) => id === 2)).error?.message).toContain('in time');
  client.stream.leave();
});

test('SSE who leaves, or loses its credential, has nothing asked for', async () => {
  const { token } = await gateway.createToken('leaving');
  const site = { gateway } as unknown as Door & { gateway: Latchkey };
  const [leaver, loser] = [await start(), await startSse(site, token)];
  for (const client of [leaver, loser]) expect((await client.post(toolCall('slow', {}, 1))).status).toBe(202);
  leaver.stream.leave();
  await gateway.command('token', 'revoke', 'leaving');
  await loser.stream.ended;
  // Longer than the server wanted to be left alone.
  await sleep(2000);
  expect(server.resumptions).toEqual([]);
});

async function ask(tool: string): Promise<{ readonly status: number; readonly body: string }> {
  const answer = await fetch(`${gateway.url}/tools/call`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tool }),
  });
  return { status: answer.status, body: await answer.text() };
}

test('a plain call is gone on with, and ends when its time is over', async () => {
  const served = await ask('twice');
  expect([served.status, served.body]).toEqual([200, expect.stringContaining('the third time')]);
  expect(server.resumptions.map(({ lastEventId }) => lastEventId)).toEqual(['twice/0', 'twice/0', 'twice/1']);
  expect((await ask('refused')).status).toBe(502);
  expect((await ask('silent')).status).toBe(504);
});
