import { freePort } from '../fixtures/free-port.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEvents } from '../fixtures/event-stream.ts';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { headerValue, headerValues, json } from '../fixtures/raw-http.ts';
import { startBareSite } from './bare-site.ts';
import { readChallenge } from './challenge.ts';
import {
  copyStore,
  expectRefused,
  expectUpstreamUntouched,
  requestBytes,
  send,
  startEverySite,
  startSite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';
import {
  BARE,
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
import { waitForRecord } from './trail-records.ts';

let http: Site;
let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = [http] = await startEverySite({ limits: { failedPerAddress: '1000/min' } });
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

test('SSE the first event says where to post, and no two streams are told the same', async () => {
  const seen = new Set<string>();
  for (const site of sites) {
    const clients = await Promise.all(Array.from({ length: 20 }, () => openSse(site)));
    for (const { stream, endpoint } of clients) {
      expect(stream.status).toBe(200);
      // 256 bits of chance, and nothing else in it.
      expect(endpoint).toMatch(/^\/messages\?sessionId=[A-Za-z0-9_-]{43}$/);
      seen.add(endpoint);
      stream.leave();
    }
  }
  expect(seen.size).toBe(60);
});

test('SSE the answer to a message comes on the stream, the POST gets 202', async () => {
  for (const site of sites) {
    for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      const client = await startSse(site, site.tokens.aliceRead, { revision });
      const answer = await client.ask('tools/call', { name: 'echo', arguments: { text: `over ${revision}` } }, 7);
      expect(JSON.parse(textOf(answer))).toEqual({ ran: 'echo', args: { text: `over ${revision}` } });
      expect(client.stream.text).toContain(`event: message\ndata: {`);
      client.stream.leave();
    }
  }
});

function valueOf(raw: readonly string[], name: string): string | undefined {
  return raw[raw.findIndex((key, at) => at % 2 === 0 && key.toLowerCase() === name) + 1];
}

test('SSE the server sees an ordinary session, and the client nothing of its id', async () => {
  http.spy.reset();
  const client = await startSse(http);
  await client.ask('tools/call', { name: 'echo', arguments: {} }, 2);
  await expect.poll(() => http.spy.requests.some(({ method }) => method === 'GET')).toBe(true);
  const ids = http.spy.requests.slice(1).map(({ rawHeaders }) => valueOf(rawHeaders, 'mcp-session-id'));
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(client.stream.text).not.toContain(ids[0]);
  expect(http.spy.bytes()).not.toContain(client.endpoint);
  expect(http.spy.bytes().toLowerCase()).not.toContain('authorization');
  // What a Streamable HTTP server must be asked with, which such a client does not say.
  const posts = http.spy.requests.filter(({ method }) => method === 'POST');
  for (const { rawHeaders } of posts) expect(valueOf(rawHeaders, 'accept')).toBe('application/json, text/event-stream');
  client.stream.leave();
  await expect.poll(() => http.spy.requests.some(({ method }) => method === 'DELETE')).toBe(true);
});

test('SSE lists show what the caller may use', async () => {
  for (const site of sites) {
    const { aliceRead, aliceWrite, none } = site.tokens;
    const namesFor = async (token: string): Promise<readonly string[]> => {
      const client = await startSse(site, token);
      const { result } = await client.ask('tools/list', {}, 3);
      client.stream.leave();
      return ((result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name);
    };
    expect(await namesFor(aliceRead)).toEqual(['echo', 'query', 'ask', 'slow']);
    expect(await namesFor(aliceWrite)).toEqual(['echo', 'write_file', 'query', 'ask', 'slow']);
    expect(await namesFor(none)).toEqual([]);
  }
});

test('SSE progress comes before the result', async () => {
  const client = await startSse(http);
  await client.post(toolCall('slow', {}, 4, { progressToken: 'p' }));
  await client.stream.until(({ id }) => id === 4);
  const heard = client.stream.messages.filter(({ id, method }) => id === 4 || method === 'notifications/progress');
  expect(heard.map(({ params }) => params?.['progress'])).toEqual([1, 2, 3, undefined]);
  client.stream.leave();
});

const echo = toolCall('echo', { text: 'hi' }, 'refused');
const withHeaders = (headers: NonNullable<Call['headers']>): Call => ({ headers });

/** Mistakes of a POST, and the status each gets, just as at /mcp. */
const mistakes = ({ tokens }: Site<Spy>): Readonly<Record<string, readonly [object, Call, number]>> => ({
  'no credential': [echo, { token: null }, 401],
  'an unknown credential': [echo, { token: 'lk_garbage' }, 401],
  'an expired credential': [echo, { token: tokens.expired }, 401],
  'a revoked credential': [echo, { token: tokens.revoked }, 401],
  'a credential for another server': [echo, { token: tokens.audience }, 401],
  'two credentials': [echo, withHeaders({ 'X-API-Key': 'lkk_x' }), 400],
  'a foreign host': [echo, withHeaders({ Host: 'evil.example' }), 421],
  'a foreign origin': [echo, withHeaders({ Origin: 'https://evil.example' }), 403],
  'no JSON type': [echo, withHeaders({ 'Content-Type': 'text/plain' }), 415],
  'an encoded body': [echo, withHeaders({ 'Content-Encoding': 'gzip' }), 415],
  'nothing acceptable': [echo, withHeaders({ Accept: 'image/png' }), 406],
  'a look-alike of a header': [echo, withHeaders({ Content_Length: '5' }), 400],
  'no JSON': [echo, { body: '{"jsonrpc":' }, 400],
  'a key twice': [
    echo,
    { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"delete_all"}}' },
    400,
  ],
  'a key look-alike': [echo, { body: '{"jsonrpc":"2.0","id":1,"Method":"tools/call","method":"ping"}' }, 400],
  'a batch': [echo, { body: `[${JSON.stringify({ jsonrpc: '2.0', ...echo })}]` }, 400],
  'too large a body': [echo, { body: `${' '.repeat(1_048_577)}{}` }, 413],
  'no tool for this caller': [toolCall('write_file', {}, 'denied'), {}, 403],
  'no tool that has a rule': [toolCall('delete_all', {}, 'denied'), {}, 403],
  'a resource without a rule': [request('resources/read', { uri: 'file:///etc/passwd' }, 'denied'), {}, 403],
  'a cursor of nobody': [request('tools/list', { cursor: 'forged' }, 'cursor'), {}, 400],
  'a method of no revision': [request('admin/dump', {}, 'unknown'), {}, 200],
  'a newer revision': [echo, withHeaders({ 'MCP-Protocol-Version': '2026-07-28' }), 400],
  'an unknown revision': [echo, withHeaders({ 'MCP-Protocol-Version': '1999-01-01' }), 400],
  'a header that says another method': [echo, withHeaders({ 'Mcp-Method': 'tools/list' }), 400],
});

test('SSE a message is judged as at /mcp: refusals are HTTP statuses and reach neither server nor stream', async () => {
  for (const site of sites) {
    const client = await startQuietSse(site);
    const heard = client.stream.messages.length;
    await expectUpstreamUntouched(site, async () => {
      for (const [mistake, [message, change, status]] of Object.entries(mistakes(site))) {
        const answer = await client.post(message, change);
        expect({ mistake, status: answer.status }).toEqual({ mistake, status });
        expect(json(answer).error).toBeDefined();
      }
    });
    const denied = await client.post(toolCall('write_file', {}, 'denied'));
    expect(readChallenge(denied)).toMatchObject({ error: 'insufficient_scope', scope: 'file:write' });
    expect(json(denied).id).toBe('denied');
    expect(client.stream.messages.length).toBe(heard);
    const after = await client.ask('tools/call', { name: 'echo', arguments: { text: 'still here' } }, 'after');
    expect(textOf(after)).toContain('still here');
    client.stream.leave();
  }
});

const streamCases = ({ tokens }: Site<Spy>): Readonly<Record<string, readonly [Call, number]>> => ({
  'no credential': [getCall('/sse', null), 401],
  'an unknown credential': [getCall('/sse', 'lk_garbage'), 401],
  'an expired credential': [getCall('/sse', tokens.expired), 401],
  'a revoked credential': [getCall('/sse', tokens.revoked), 401],
  'a credential for another server': [getCall('/sse', tokens.audience), 401],
  'a credential in the query': [getCall(`/sse?access_token=${tokens.aliceRead}`, null), 401],
  'a foreign host': [{ ...getCall(), headers: { Host: 'evil.example' } }, 421],
  'a foreign origin': [{ ...getCall(), headers: { Origin: 'https://evil.example' } }, 403],
  'an Accept without events': [{ ...getCall(), headers: { Accept: 'application/json' } }, 406],
  'a newer revision': [{ ...getCall(), headers: { 'MCP-Protocol-Version': '2026-07-28' } }, 400],
  'a body': [{ ...getCall(), headers: { 'Content-Length': '2' }, body: '{}' }, 400],
  'POST to the stream': [postCall('/sse', echo), 405],
  'DELETE of the stream': [{ method: 'DELETE', target: '/sse' }, 405],
  'GET of the messages': [getCall('/messages'), 405],
  'another spelling': [getCall('/SSE'), 404],
  'a slash at the end': [getCall('/sse/'), 404],
  'a path below': [getCall('/mcp/sse'), 404],
});

test('SSE a stream is opened by whom /mcp would serve, as /mcp would', async () => {
  for (const site of sites)
    for (const [mistake, [call, status]] of Object.entries(streamCases(site))) {
      site.spy.reset();
      const answer = await send(site, call);
      expect({ mistake, status: answer.status }).toEqual({ mistake, status });
      expect(site.spy.bytes()).toBe('');
      if (status === 401) readChallenge(answer);
    }
});

test('SSE a web page of an allowed origin may use it', async () => {
  const site = await startSite({ origins: ['https://inspector.example'] });
  const Origin = 'https://inspector.example';
  const preflight = (target: string, method: string): Call => ({
    method: 'OPTIONS',
    target,
    token: null,
    headers: { Origin, 'Access-Control-Request-Method': method },
  });
  for (const [target, method] of [
    ['/sse', 'GET'],
    ['/messages', 'POST'],
  ] as const) {
    const answer = await send(site, preflight(target, method));
    expect(answer.status).toBe(204);
    expect(headerValue(answer, 'access-control-allow-methods')).toBe(method);
  }
  const client = await startSse(site);
  const answer = await client.post(request('ping', {}, 9), { headers: { Origin } });
  expect([answer.status, headerValues(answer, 'access-control-allow-origin')]).toEqual([202, [Origin]]);
  client.stream.leave();
  await site.close();
});

test('SSE several servers have each their own', async () => {
  const upstream = { url: http.spy.url };
  const rules = { upstream, tools: { echo: {} } };
  const store = await copyStore(http.gateway.store);
  const gateway = await startLatchkey({
    config: { upstream: undefined, servers: { one: rules, two: rules, new: { ...rules, protocol: 'modern' } }, store },
  });
  const site = { ...http, gateway: { ...gateway, token: http.gateway.token } };
  expect(gateway.sseUrl).toBe(new URL('/one/sse', gateway.url).href);
  const client = await startQuietSse(site, http.tokens.aliceRead, { target: '/one/sse' });
  expect(client.endpoint).toMatch(/^\/one\/messages\?sessionId=/);
  const elsewhere = client.endpoint.replace('/one/', '/two/');
  await expectRefused(site, postCall(elsewhere, echo), 404);
  await expectRefused(site, postCall(client.endpoint.replace('/one/', '/'), echo), 404);
  for (const target of ['/sse', '/new/sse', '/three/sse']) await expectRefused(site, getCall(target), 404);
  expect(textOf(await client.ask('tools/call', { name: 'echo', arguments: {} }, 2))).toContain('echo');
  client.stream.leave();
  await gateway.close();
});

test('SSE off, and before a server of the new revision only, there is nothing', async () => {
  for (const config of [{ compat: { sse: false } }, { protocol: 'modern' }]) {
    const site = await startSite(config);
    expect(site.gateway.sseUrl).toBe(null);
    await expectRefused(site, getCall(), 404);
    await expectRefused(site, postCall(`/messages?sessionId=${'A'.repeat(43)}`, echo), 404);
    await site.close();
  }
});

test('SSE under the path of a public URL, beside the MCP endpoint', async () => {
  const port = await freePort();
  const based = await startBareSite({ listen: `127.0.0.1:${port}`, publicUrl: 'https://mcp.example/team' });
  expect(based.gateway.sseUrl).toBe('https://mcp.example/team/sse');
  const site: Site = { ...based, gateway: { ...based.gateway, url: `http://127.0.0.1:${port}` } };
  const headers = { Host: 'mcp.example', Accept: 'text/event-stream' };
  await expectRefused(site, { ...getCall('/sse'), headers }, 404);
  const stream = await openEvents(site.gateway.url, requestBytes(site, { ...getCall('/team/sse'), headers }));
  await expect.poll(() => stream.text).toMatch(/^event: endpoint\ndata: \/team\/messages\?sessionId=/);
  stream.leave();
  await site.close();
});

async function expectRecords(site: Site<Spy>): Promise<void> {
  const client: SseClient = await startSse(site, site.tokens.bob);
  await client.ask('tools/call', { name: 'echo', arguments: {} }, 5);
  const by = { credential: 'bob', httpMethod: 'POST' };
  const allowed = { ...by, method: 'tools/call', target: 'echo', decision: 'allow', reason: 'allowed', status: 202 };
  await waitForRecord(site, allowed);
  await client.post(toolCall('write_file', {}, 6));
  await waitForRecord(site, { ...by, target: 'write_file', decision: 'deny', reason: 'policy-scope', status: 403 });
  await client.post(toolCall('echo', {}, 7), { target: '/messages?sessionId=made-up', headers: BARE });
  await waitForRecord(site, { ...by, decision: 'deny', reason: 'session-unknown', status: 404 });
  client.stream.leave();
  await waitForRecord(site, { credential: 'bob', httpMethod: 'GET', decision: 'allow', status: 200 });
  const records = await site.gateway.command('trail', '--json');
  expect(records).not.toContain(client.endpoint.slice(-20));
}

test('SSE the trail has each message and each stream', async () => void (await Promise.all(sites.map(expectRecords))));
