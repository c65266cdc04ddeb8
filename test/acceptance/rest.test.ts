import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerValue, json, type RawAnswer } from '../fixtures/raw-http.ts';
import { ranBy } from './answers.ts';
import { startBusySites } from './busy-sites.ts';
import { readChallenge } from './challenge.ts';
import {
  callsSeen,
  expectRefused,
  expectUpstreamUntouched,
  send,
  startEverySite,
  startSite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';
import { BARE } from './sse-client.ts';
import { waitForRecord } from './trail-records.ts';

let http: Site;
let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = [http] = await startEverySite({ compat: { rest: true }, limits: { failedPerAddress: '1000/min' } });
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

const listCall = (token?: string | null): Call => ({
  method: 'GET',
  target: '/mcp/tools',
  headers: { Accept: 'application/json' },
  ...(token === undefined ? {} : { token }),
});
const toolCall = (body: string | object, change: Call = {}): Call => ({
  target: '/mcp/tools/call',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...change,
  headers: { ...BARE, Accept: '*/*', ...change.headers },
});
const namesIn = (answer: RawAnswer): readonly string[] =>
  (JSON.parse(answer.body) as { tools: { name: string }[] }).tools.map(({ name }) => name);

test('REST the list is what tools/list would show this caller', async () => {
  for (const site of sites) {
    const { aliceRead, aliceWrite, none } = site.tokens;
    const answer = await send(site, listCall(aliceRead));
    expect([answer.status, headerValue(answer, 'content-type')]).toEqual([200, 'application/json']);
    expect(headerValue(answer, 'cache-control')).toBe('no-store');
    expect(Object.keys(JSON.parse(answer.body) as object)).toEqual(['tools']);
    expect(namesIn(answer)).toEqual(['echo', 'query', 'ask', 'slow']);
    expect(namesIn(await send(site, listCall(aliceWrite)))).toEqual(['echo', 'write_file', 'query', 'ask', 'slow']);
    expect(namesIn(await send(site, listCall(none)))).toEqual([]);
  }
});

test('REST the list has every page', async () => {
  const busy = await startBusySites({ compat: { rest: true } });
  for (const site of busy) {
    const asked = (): number => site.notes().filter((note) => note.includes('"cursor":"from-')).length;
    const before = asked();
    const all = ['one', 'two', 'echo', 'steps', 'hang', 'flood', 'big', 'ask', 'change', 'three'];
    expect(namesIn(await send(site, listCall(site.tokens.aliceWrite)))).toEqual(all);
    expect(namesIn(await send(site, listCall(site.tokens.bob)))).toEqual(
      all.filter((name) => name !== 'two' && name !== 'three'),
    );
    expect(asked() - before).toBe(4);
    const streamed = toolCall({ tool: 'steps', params: { text: 'streamed' } });
    expect(json(await send(site, streamed)).result).toMatchObject({ content: [{ text: 'streamed' }] });
    await site.close();
  }
});

test('REST a call gives the result, and the arguments are the bytes that were sent', async () => {
  for (const site of sites) {
    site.spy.reset();
    const params = '{"text":"żółw", "big":12345678901234567890,"exact":1.10,"deep":{"a":[1e2,null]}}';
    const answer = await send(site, toolCall(`{ "tool" : "echo" , "params":${params} }`));
    expect(answer.status).toBe(200);
    expect(ranBy(answer)).toMatchObject({ ran: 'echo', args: { text: 'żółw' } });
    await expect.poll(() => callsSeen(site).length).toBe(1);
    expect(callsSeen(site)[0]?.body).toContain(params);
    const bare = await send(site, toolCall({ tool: 'echo' }));
    expect(json(bare).result).toMatchObject({ content: [{ text: '{"ran":"echo","args":{}}' }] });
  }
});

test('REST what the caller accepts, and sessions it names, are no word of the message that is made', async () => {
  http.spy.reset();
  const headers = { Accept: 'application/json', 'Mcp-Session-Id': 'x', 'Last-Event-ID': 'x' };
  expect((await send(http, toolCall({ tool: 'echo' }, { headers }))).status).toBe(200);
  const sent = (callsSeen(http)[0]?.rawHeaders ?? []).map((text) => text.toLowerCase());
  expect(sent[sent.indexOf('accept') + 1]).toBe('application/json, text/event-stream');
  expect(sent.filter((text) => text === 'mcp-session-id' || text === 'last-event-id')).toEqual([]);
});

test('REST parameters that a tool wants in headers are put there', async () => {
  http.spy.reset();
  const params = { region: 'süd', nested: { limit: 5 }, dryRun: true };
  const headers = { 'Mcp-Param-Region': 'forged', 'Mcp-Param-Other': 'forged' };
  expect((await send(http, toolCall({ tool: 'query', params }, { headers }))).status).toBe(200);
  const raw = callsSeen(http)[0]?.rawHeaders ?? [];
  const sent = raw.flatMap((name, at) => (at % 2 === 0 && /^mcp-param-/i.test(name) ? [[name, raw[at + 1]]] : []));
  expect(Object.fromEntries(sent)).toEqual({
    'mcp-param-region': `=?base64?${Buffer.from('süd').toString('base64')}?=`,
    'mcp-param-limit': '5',
    'mcp-param-dry-run': 'true',
  });
});

const call = { tool: 'echo', params: { text: 'hi' } };
const withHeaders = (headers: NonNullable<Call['headers']>): Call => toolCall(call, { headers });

const mistakes = ({ tokens }: Site<Spy>): Readonly<Record<string, readonly [Call, number]>> => ({
  'no credential': [toolCall(call, { token: null }), 401],
  'no credential for the list': [listCall(null), 401],
  'a revoked credential': [toolCall(call, { token: tokens.revoked }), 401],
  'a credential for another server': [listCall(tokens.audience), 401],
  'two credentials': [withHeaders({ 'X-API-Key': 'lkk_x' }), 400],
  'a foreign host': [withHeaders({ Host: 'evil.example' }), 421],
  'a foreign origin': [withHeaders({ Origin: 'https://evil.example' }), 403],
  'no JSON type': [withHeaders({ 'Content-Type': 'application/x-www-form-urlencoded' }), 415],
  'no JSON wanted': [{ ...listCall(), headers: { Accept: 'image/png' } }, 406],
  'a tool for others': [toolCall({ tool: 'write_file', params: {} }), 403],
  'a tool without a rule': [toolCall({ tool: 'delete_all', params: {} }), 403],
  'no JSON': [toolCall('{"tool":'), 400],
  'an empty body': [toolCall(''), 400],
  'a list': [toolCall(`[${JSON.stringify(call)}]`), 400],
  'a text': [toolCall('"echo"'), 400],
  'no tool': [toolCall({ params: {} }), 400],
  'a tool that is no text': [toolCall({ tool: 1, params: {} }), 400],
  'a tool that is a list': [toolCall({ tool: ['echo'] }), 400],
  'a tool with a control character': [toolCall('{"tool":"echo\\u0000","params":{}}'), 400],
  'params in a list': [toolCall({ tool: 'echo', params: [] }), 400],
  'params as text': [toolCall({ tool: 'echo', params: '{}' }), 400],
  'params null': [toolCall({ tool: 'echo', params: null }), 400],
  'the tool twice': [toolCall('{"tool":"echo","tool":"delete_all","params":{}}'), 400],
  'params twice': [toolCall('{"tool":"echo","params":{},"params":{"text":"x"}}'), 400],
  'the tool in two spellings': [toolCall('{"tool":"echo","Tool":"delete_all"}'), 400],
  'an escaped key': [toolCall('{"\\u0074ool":"echo"}'), 400],
  'an argument twice': [toolCall('{"tool":"echo","params":{"text":"a","text":"b"}}'), 400],
  'an unknown member': [toolCall({ ...call, arguments: {} }), 400],
  'a member of a message': [toolCall({ ...call, method: 'tools/call' }), 400],
  'a prototype': [toolCall('{"tool":"echo","__proto__":{}}'), 400],
  'something behind': [toolCall(`${JSON.stringify(call)}{}`), 400],
  'too large a body': [toolCall(`${' '.repeat(1_048_577)}{}`), 413],
  'GET of a call': [{ method: 'GET', target: '/mcp/tools/call' }, 405],
  'POST to the list': [toolCall(call, { target: '/mcp/tools' }), 405],
  'another path': [toolCall(call, { target: '/mcp/tools/echo' }), 404],
  'a slash at the end': [{ ...listCall(), target: '/mcp/tools/' }, 404],
});

test('REST a call is judged as at /mcp, and what is refused goes nowhere', async () => {
  for (const site of sites) {
    // What the gateway asks for itself, it has asked before.
    await send(site, toolCall(call));
    await site.spy.settled?.();
    await expectUpstreamUntouched(site, async () => {
      for (const [mistake, [wrong, status]] of Object.entries(mistakes(site))) {
        const answer = await send(site, wrong);
        expect({ mistake, status: answer.status }).toEqual({ mistake, status });
        expect(json(answer)).toMatchObject({ error: { code: expect.any(Number), message: expect.any(String) } });
      }
    });
    const denied = await send(site, toolCall({ tool: 'write_file', params: {} }));
    expect(readChallenge(denied)).toMatchObject({ error: 'insufficient_scope', scope: 'file:write' });
    expect(Object.keys(json(denied))).toEqual(['error']);
    await waitForRecord(site, { method: 'tools/call', target: 'write_file', decision: 'deny', reason: 'policy-scope' });
    await waitForRecord(site, { method: 'tools/call', target: 'echo', decision: 'allow', reason: 'allowed' });
  }
});

test('REST what a rule hides looks like what the server does not have', async () => {
  const site = await startSite({ compat: { rest: true }, tools: { echo: {}, copy_secret: { hidden: true }, '*': {} } });
  const hidden = await expectRefused(site, toolCall({ tool: 'copy_secret', params: {} }), 400);
  const unknown = await send(site, toolCall({ tool: 'nothing', params: {} }));
  for (const answer of [hidden, unknown]) {
    expect(answer.status).toBe(400);
    expect(json(answer).error?.code).toBe(-32602);
  }
  await site.close();
});

test('REST off, which it is unless asked for, there is nothing', async () => {
  const site = await startSite();
  await expectRefused(site, listCall(), 404);
  await expectRefused(site, toolCall(call), 404);
  await site.close();
});
