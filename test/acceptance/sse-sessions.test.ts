import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchangeRaw, headerValue, json } from '../fixtures/raw-http.ts';
import { responseOf } from './answers.ts';
import {
  expectRefused,
  expectUpstreamUntouched,
  legacyCall,
  openSession,
  requestBytes,
  send,
  startEverySite,
  startSite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';
import {
  getCall,
  openSse,
  postCall,
  request,
  startQuietSse,
  startSse,
  textOf,
  toolCall,
  type SseClient,
} from './sse-client.ts';

const LIMITS = { sessions: 12, streams: 12 };
let http: Site;
let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = [http] = await startEverySite({
    limits: {
      ...LIMITS,
      failedPerAddress: '1000/min',
      callsPerCredential: '1000000/min',
      requestsPerAddress: '1000000/min',
    },
  });
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

/** Whatever can be posted to a stream. */
const everyUse: readonly object[] = [
  toolCall('echo', { text: 'stolen' }, 'use-1'),
  request('tools/list', {}, 'use-2'),
  request('ping', {}, 'use-3'),
  request(
    'initialize',
    { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
    4,
  ),
  { method: 'notifications/cancelled', params: { requestId: 1 } },
  { method: 'notifications/initialized' },
  { id: 1, result: {} },
];

const sessionIn = ({ endpoint }: SseClient): string => endpoint.slice(endpoint.indexOf('=') + 1);

test('SSE a stream is its principal’s: anybody else’s message is 404 and goes nowhere', async () => {
  for (const site of sites) {
    const mine = await startQuietSse(site, site.tokens.aliceRead);
    const heard = mine.stream.messages.length;
    const { bob, aliceWrite, admin } = site.tokens;
    await expectUpstreamUntouched(site, async () => {
      for (const message of everyUse) {
        for (const token of [bob, aliceWrite, admin]) expect((await mine.post(message, { token })).status).toBe(404);
        const withKey: Call = { token: null, headers: { 'X-API-Key': site.apiKey } };
        expect((await mine.post(message, withKey)).status).toBe(404);
        for (const token of [null, 'lk_garbage', site.tokens.revoked, sessionIn(mine)])
          expect((await mine.post(message, { token })).status).toBe(401);
      }
    });
    expect(mine.stream.messages.length).toBe(heard);
    expect(textOf(await mine.ask('tools/call', { name: 'echo', arguments: { text: 'mine' } }, 9))).toContain('mine');
    mine.stream.leave();
  }
});

test('SSE a stream that has no session of the server yet is its principal’s, too', async () => {
  for (const site of sites) {
    const mine = await openSse(site, site.tokens.aliceRead);
    await expectUpstreamUntouched(site, async () => {
      for (const message of everyUse) expect((await mine.post(message, { token: site.tokens.bob })).status).toBe(404);
    });
    mine.stream.leave();
  }
});

test('SSE session ids that are none: missing, made up, doubled, changed, of the other transport', async () => {
  for (const site of sites) {
    const client = await startQuietSse(site);
    const other = await startQuietSse(site);
    const id = sessionIn(client);
    const flipped = `${id.startsWith('A') ? 'B' : 'A'}${id.slice(1)}`;
    const queries: Readonly<Record<string, readonly [string, number]>> = {
      none: ['', 400],
      'an empty query': ['?', 400],
      'another name': [`?session_id=${id}`, 400],
      'another case': [`?sessionid=${id}`, 400],
      empty: ['?sessionId=', 404],
      'made up': [`?sessionId=${'A'.repeat(43)}`, 404],
      short: ['?sessionId=1', 404],
      changed: [`?sessionId=${flipped}`, 404],
      'cut at its end': [`?sessionId=${id.slice(0, -1)}`, 404],
      'with more at its end': [`?sessionId=${id}A`, 404],
      'in another case': [`?sessionId=${id.toUpperCase()}`, 404],
      'with an escape': [`?sessionId=%${id.charCodeAt(0).toString(16)}${id.slice(1)}`, 404],
      'given twice': [`?sessionId=${id}&sessionId=${id}`, 404],
      'given twice, differently': [`?sessionId=${id}&sessionId=${sessionIn(other)}`, 404],
      'with another parameter': [`?sessionId=${id}&x=1`, 404],
      'behind another parameter': [`?x=1&sessionId=${id}`, 404],
      'of a name that ends alike': [`?xsessionId=${id}`, 404],
      'in a list': [`?sessionId[]=${id}`, 400],
    };
    for (const [what, [query, status]] of Object.entries(queries)) {
      const answer = await expectRefused(site, postCall(`/messages${query}`, toolCall('echo')), status);
      expect({ what, error: json(answer).error }).toMatchObject({ what, error: { code: status } });
    }
    const session = await openSession(site);
    await site.spy.settled?.();
    // Two sessions in one message, and each at the other transport's door.
    await expectRefused(site, { ...legacyCall('ping', {}, session), target: client.endpoint }, 404);
    await expectRefused(site, postCall(`/messages?sessionId=${session}`, request('ping')), 404);
    await expectRefused(site, legacyCall('tools/list', {}, id), 404);
    for (const { stream } of [client, other]) stream.leave();
  }
});

test('SSE a message before any stream, and one to a stream that has ended, are 404', async () => {
  for (const site of sites) {
    await expectRefused(site, postCall(`/messages?sessionId=${'x'.repeat(43)}`, toolCall('echo')), 404);
    const client = await startSse(site);
    client.stream.leave();
    await expect.poll(async () => (await client.post(request('ping', {}, 5))).status, { interval: 20 }).toBe(404);
    await site.spy.settled?.();
    await sleep(50);
    for (const message of everyUse) await expectRefused(site, postCall(client.endpoint, message), 404);
  }
});

test('SSE two streams of one caller are two sessions', async () => {
  for (const site of sites) {
    const [first, second] = [await startSse(site), await startSse(site)];
    expect(first.endpoint).not.toBe(second.endpoint);
    const answers = await Promise.all([
      first.ask('tools/call', { name: 'echo', arguments: { text: 'first', delayMs: 20 } }, 1),
      second.ask('tools/call', { name: 'echo', arguments: { text: 'second' } }, 1),
    ]);
    expect(answers.map((answer) => JSON.parse(textOf(answer)).args.text)).toEqual(['first', 'second']);
    first.stream.leave();
    expect(textOf(await second.ask('tools/call', { name: 'echo', arguments: { text: 'on' } }, 2))).toContain('on');
    second.stream.leave();
  }
});

const ROUNDS = 200;

test('SSE answers never cross: two principals, equal ids', async () => {
  await Promise.all(
    sites.map(async (site) => {
      const clients = [await startSse(site, site.tokens.aliceRead), await startSse(site, site.tokens.bob)];
      for (let round = 0; round < ROUNDS; round += 1) {
        const texts = [`alice ${round}`, `bob ${round}`];
        const answers = await Promise.all(
          clients.map((client, who) =>
            client.ask(
              'tools/call',
              { name: 'echo', arguments: { text: texts[who], delayMs: (round >> who) % 3 } },
              round,
            ),
          ),
        );
        expect(answers.map((answer) => JSON.parse(textOf(answer)).args.text)).toEqual(texts);
      }
      const names = ['alice', 'bob'];
      for (const [who, { stream }] of clients.entries()) {
        expect(stream.text).not.toContain(`${names[1 - who]} `);
        expect(stream.messages.filter(({ id }) => typeof id === 'number').length).toBe(ROUNDS);
        stream.leave();
      }
    }),
  );
}, 120_000);

test('SSE an id that waits for its answer cannot be used again, however it is spelled', async () => {
  for (const site of sites) {
    const client = await startSse(site);
    const slow = { name: 'echo', arguments: { text: 'slow', delayMs: 700 } };
    expect((await client.post(request('tools/call', slow, 'id-a'))).status).toBe(202);
    for (const spelled of ['"id-a"', '"\\u0069d-a"', '"id\\u002da"']) {
      const body = `{"jsonrpc":"2.0","id":${spelled},"method":"tools/call","params":{"name":"echo","arguments":{}}}`;
      const answer = await client.post({}, { body });
      expect([answer.status, json(answer).error?.code]).toEqual([400, -32600]);
    }
    await client.stream.until(({ id }) => id === 'id-a');
    expect((await client.post(request('tools/call', { name: 'echo', arguments: {} }, 'id-a'))).status).toBe(202);
    await expect.poll(() => client.stream.messages.filter(({ id }) => id === 'id-a').length).toBe(2);
    client.stream.leave();
  }
});

test('SSE a stream ends within a second of the end of its credential, and the server is told', async () => {
  for (const [kind, site] of sites.entries()) {
    const { token } = await site.gateway.createToken(`short ${kind}`, '--scope', 'file:read');
    const client = await startSse(site, token);
    const other = await startSse(site, site.tokens.bob);
    expect((await client.post(request('tools/call', { name: 'echo', arguments: { delayMs: 20_000 } }, 8))).status).toBe(
      202,
    );
    http.spy.reset();
    const revoking = site.gateway.command('token', 'revoke', `short ${kind}`).then(() => performance.now());
    const ended = client.stream.ended.then((how) => ({ how, at: performance.now() }));
    const [revokedAt, end] = await Promise.all([revoking, ended]);
    expect(end.how).toBe('cut');
    expect(end.at - revokedAt).toBeLessThan(1000);
    expect((await client.post(request('ping', {}, 9))).status).toBe(401);
    // Another caller of that principal's session there is none, so it is gone for everybody.
    expect((await client.post(request('ping', {}, 9), { token: site.tokens.bob })).status).toBe(404);
    await expect.poll(() => site !== http || http.spy.requests.some(({ method }) => method === 'DELETE')).toBe(true);
    expect(textOf(await other.ask('tools/call', { name: 'echo', arguments: { text: 'on' } }, 2))).toContain('on');
    other.stream.leave();
  }
});

test('SSE sessions and streams are counted with those of /mcp', async () => {
  for (const site of sites) {
    const { aliceWrite } = site.tokens;
    const opened: SseClient[] = [];
    const started = await startSse(site, aliceWrite);
    await openSession(site, aliceWrite);
    // A stream takes the place of a session before it has one.
    while (opened.length < LIMITS.sessions - 2) opened.push(await openSse(site, aliceWrite));
    const refused = await expectRefused(site, getCall('/sse', aliceWrite), 429);
    expect(headerValue(refused, 'retry-after')).toMatch(/^[1-9]\d*$/);
    const initialize = { ...legacyCall('initialize', INITIALIZE, null), token: aliceWrite };
    await expectRefused(site, { ...initialize, headers: { ...initialize.headers, 'MCP-Protocol-Version': null } }, 429);
    const bobs = await openSse(site, site.tokens.bob);
    for (const { stream } of [...opened, started, bobs]) stream.leave();
    await expect.poll(async () => statusOfStream(site, aliceWrite), { timeout: 5000 }).toBe(200);
  }
});

const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };

async function statusOfStream(site: Site<Spy>, token: string): Promise<number> {
  const { stream } = await openSse(site, token).catch(() => ({ stream: null }));
  stream?.leave();
  return stream?.status ?? 0;
}

test('SSE one stream has a bounded number of calls under way', async () => {
  const client = await startSse(http);
  const bytes = Buffer.concat(
    Array.from({ length: 120 }, (_, id) => {
      const message = toolCall('echo', { delayMs: 3000 }, `call ${id}`);
      return requestBytes(http, postCall(client.endpoint, message));
    }),
  );
  const answers = await exchangeRaw(http.gateway.url, bytes, 120);
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 202).length).toBe(100);
  expect(statuses.filter((status) => status === 429).length).toBe(20);
  await expect
    .poll(() => client.stream.messages.filter(({ id }) => String(id).startsWith('call ')).length, { timeout: 10_000 })
    .toBe(100);
  expect(textOf(await client.ask('tools/call', { name: 'echo', arguments: {} }, 'after'))).toContain('echo');
  client.stream.leave();
});

test('SSE a session that listens is not idle, and one that nobody uses ends', async () => {
  const site = await startSite({ limits: { sessionIdle: '2s', streamIdle: '3s' } });
  const client = await startSse(site);
  for (let second = 0; second < 5; second += 1) {
    await sleep(1000);
    expect(textOf(await client.ask('tools/call', { name: 'echo', arguments: {} }, second))).toContain('echo');
  }
  expect(await client.stream.ended).toBe('whole');
  expect((await client.post(request('ping', {}, 'late'))).status).toBe(404);
  await expect.poll(() => site.spy.requests.some(({ method }) => method === 'DELETE')).toBe(true);
  expect(responseOf(await send(site)).result).toBeDefined();
  await site.close();
});
