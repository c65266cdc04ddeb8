import { afterAll, beforeAll, expect, test } from 'vitest';
import { json } from '../fixtures/raw-http.ts';
import { expectEachRefused, expectEachServed, ranBy, responseOf } from './answers.ts';
import {
  callBody,
  expectRefused,
  initializeCall,
  META,
  modernCall,
  REVISION,
  send,
  startEverySite,
  startSite,
  startStdioSite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

const WITH_ACME = { methods: { 'acme/*': {} } };
let site: Site;
let legacyStdio: Site<Spy>;
let modernStdio: Site<Spy>;
let modernOnly: readonly Site<Spy>[];
beforeAll(async () => {
  [site, legacyStdio, modernStdio] = await startEverySite(WITH_ACME);
  const before = await startSite({ protocol: 'modern' });
  modernOnly = [before, await startStdioSite('legacy', { protocol: 'modern' }, before)];
});
const everywhere = (): readonly Site<Spy>[] => [site, legacyStdio, modernStdio];
afterAll(() => Promise.all([...everywhere(), ...modernOnly].map((each) => each.close())));

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const CLIENT = 'io.modelcontextprotocol/clientInfo';
const without = (name: string): object =>
  Object.fromEntries(Object.entries(META).filter(([member]) => member !== name));
/** M0 whose body is this text. */
const bodies = (texts: readonly (string | Buffer)[]): Record<string, Call> =>
  Object.fromEntries(texts.map((body) => [JSON.stringify(String(body)).slice(0, 90), { body }]));

const of = (meta: unknown): Call => ({ meta: meta as object });
const withId = (text: string): string => callBody().replace('"id":1', text);
const withVersion = (member: string): string => callBody().replace('"jsonrpc":"2.0"', member);

test('HDR-32 methods have rules too, which ask for more scopes or refuse', async () => {
  const own = await startSite({
    methods: {
      'acme/export': { scopes: ['file:write'] },
      'acme/drop': { deny: true },
      'tools/list': { scopes: ['file:write'] },
      'prompts/list': { deny: true },
    },
  });
  for (const method of ['acme/export', 'tools/list']) {
    own.spy.reset();
    await send(own, { ...modernCall(method), token: own.tokens.aliceWrite });
    expect([method, own.spy.requests.map(({ body }) => body.includes(method))]).toEqual([method, [true]]);
    await expectRefused(own, modernCall(method), 403);
  }
  for (const method of ['acme/drop', 'prompts/list'])
    await expectRefused(own, { ...modernCall(method), token: own.gateway.token }, 403);
  await own.close();
});

test('HDR-32 unknown method', async () => {
  const unknown = ['foo/bar', 'tools/cal', 'tools/call/', 'Tools/Call', '__proto__', 'constructor', 'toString'];
  const removed = ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'tasks/list', 'tasks/get'];
  for (const each of everywhere()) {
    for (const method of [...unknown, ...removed]) {
      const params = method === 'resources/subscribe' ? { uri: 'file:///data/a' } : {};
      const answer = await expectRefused(each, modernCall(method, params, 'id-7'), 404);
      expect({ method, ...json(answer) }).toMatchObject({
        method,
        jsonrpc: '2.0',
        id: 'id-7',
        error: { code: -32601 },
      });
    }
    // One that the rules allow is the server's to know.
    const allowed = await send(each, modernCall('acme/fly', {}, 'id-8'));
    expect(allowed.status).toBe(404);
    expect(json(allowed)).toMatchObject({ id: 'id-8', error: { code: -32601 } });
    expect(each.spy.bytes()).toContain('acme/fly');
  }
});

test('HDR-36 _meta required fields', async () => {
  const missing: Record<string, Call> = {
    'no version': of(without(VERSION)),
    'no capabilities': of(without(CAPABILITIES)),
    neither: of({}),
    'no _meta': { body: callBody().replace(/,"_meta":.*/, '}}') },
    'a number as version': of({ ...META, [VERSION]: 20_260_728 }),
    'null as version': of({ ...META, [VERSION]: null }),
    'null as capabilities': of({ ...META, [CAPABILITIES]: null }),
    'a list as capabilities': of({ ...META, [CAPABILITIES]: [] }),
    'a text as capabilities': of({ ...META, [CAPABILITIES]: '{}' }),
    'a list as _meta': of([META]),
    'null as _meta': of(null),
    'outside params': { body: JSON.stringify({ ...JSON.parse(callBody({ meta: {} })), _meta: META }) },
  };
  for (const each of everywhere()) await expectEachRefused(each, missing, 400, -32602);
  const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  await expectEachRefused(site, { 'no params': { ...modernCall('tools/list'), body: list } }, 400, -32602);
});

test('HDR-37 clientInfo optional and unverified', async () => {
  const claims = [undefined, { name: 'claude-code', version: '1' }, { name: 'admin', version: '1', title: 'root' }];
  for (const each of everywhere())
    for (const clientInfo of claims) {
      const meta = clientInfo === undefined ? META : { ...META, [CLIENT]: clientInfo };
      await expectEachServed(each, { allowed: { meta } });
      await expectRefused(each, { meta, tool: 'write_file' }, 403);
      await expectRefused(each, { meta, tool: 'delete_all' }, 403);
    }
});

test('HDR-38 request id types', async () => {
  const wrong = ['null', 'true', 'false', '1.5', '1.0', '1e3', '-0', '{}', '[]', '[1]', '{"id":1}'];
  const texts = [...wrong.map((id) => withId(`"id":${id}`)), callBody().replace('"id":1,', ''), withId('"ID":1')];
  const twice = withId('"id":1,"id":2');
  const long = withId(`"id":"${'x'.repeat(5000)}"`);
  for (const each of everywhere()) await expectEachRefused(each, bodies([...texts, twice, long]), 400, -32600);
});

test('HDR-40 not JSON-RPC', async () => {
  const members = ['"jsonrpc":"1.0"', '"jsonrpc":2.0', '"jsonrpc":"2.00"', '"jsonrpc":null', '"JSONRPC":"2.0"'];
  const two = ['"jsonrpc":"1.0","jsonrpc":"2.0"', '"jsonrpc":"2.0","jsonrpc":"1.0"'];
  const others = ['{"foo":1}', '{}', '[]', 'null', 'true', '1', '"tools/call"', `[${callBody()}]`];
  const halves = [
    callBody().replace('"method":"tools/call",', ''),
    callBody().replace('"tools/call"', '["tools/call"]'),
    callBody().replace('"tools/call"', '""'),
    callBody().replace('"params":{', '"result":{},"params":{'),
    callBody().replace(/"params":.*/, '"params":[]}'),
  ];
  const texts = [
    ...[...members, ...two].map(withVersion),
    callBody().replace('"jsonrpc":"2.0",', ''),
    ...others,
    ...halves,
  ];
  for (const each of [site, legacyStdio]) await expectEachRefused(each, bodies(texts), 400, -32600);
});

test('HDR-41 malformed JSON', async () => {
  const whole = callBody({ args: { text: 'CANARY' } });
  const texts: (string | Buffer)[] = [
    ...[whole.length - 1, whole.length >> 1, 20, 1].map((end) => whole.slice(0, end)),
    '',
    ' ',
    `${whole}}`,
    `${whole}\n${whole}`,
    `${whole}CANARY`,
    `\uFEFF${whole}`,
    whole.replace('"CANARY"', "'CANARY'"),
    whole.replace('"CANARY"', 'CANARY'),
    whole.replace('"CANARY"', '"CANARY",'),
    whole.replace('"CANARY"', '"CAN\tARY"'),
    whole.replace('"CANARY"', '"CAN\\xARY"'),
    whole.replace('"CANARY"', 'NaN'),
    whole.replace('"CANARY"', '01'),
    whole.replace('{"text"', '{/* CANARY */"text"'),
    whole.replace('{"text"', '{text'),
    Buffer.from(whole.replace('CANARY', 'CANARY\u00ff'), 'latin1'),
    Buffer.from(whole, 'utf16le'),
  ];
  for (const each of [site, legacyStdio])
    for (const body of texts) {
      const answer = await expectRefused(each, { body }, 400);
      expect({ body, ...json(answer) }).toMatchObject({ body, error: { code: -32700 } });
      expect(JSON.stringify(answer)).not.toContain('CANARY');
    }
});

test('HDR-42 server/discover', async () => {
  for (const each of everywhere()) {
    const answer = await send(each, modernCall('server/discover'));
    expect(answer.status).toBe(200);
    const result = responseOf(answer).result ?? {};
    expect(result['supportedVersions']).toContain(REVISION);
    expect(result['capabilities']).toMatchObject({ tools: {} });
    expect(result['ttlMs']).toBeTypeOf('number');
    expect(result['cacheScope']).toMatch(/^(?:public|private)$/);
    expect(result['resultType']).toBe('complete');
    await expectRefused(each, { ...modernCall('server/discover'), token: null }, 401);
  }
});

test('HDR-43 undeclared capability', async () => {
  for (const each of [site, modernStdio]) {
    const answer = await send(each, { tool: 'ask' });
    expect(answer.status).toBe(400);
    expect(json(answer)).toMatchObject({
      id: 1,
      error: { code: -32021, data: { requiredCapabilities: { elicitation: {} } } },
    });
    await expectEachServed(each, { declared: { tool: 'ask', meta: { ...META, [CAPABILITIES]: { elicitation: {} } } } });
  }
});

test('HDR-46 initialize at a modern-only server', async () => {
  for (const each of modernOnly)
    for (const version of ['2025-11-25', '2025-03-26', '2024-11-05']) {
      const call = initializeCall(version);
      const headers = { ...call.headers, 'MCP-Protocol-Version': version };
      for (const asked of [call, { ...call, headers }])
        expect((await expectRefused(each, asked, 400)).body).toContain(REVISION);
    }
});

test('HDR-47 era bridging keeps results valid', async () => {
  const calls: Record<string, Call> = {
    'tools/list': modernCall('tools/list'),
    'resources/list': modernCall('resources/list'),
    'resources/templates/list': modernCall('resources/templates/list'),
    'prompts/list': modernCall('prompts/list'),
    'resources/read': modernCall('resources/read', { uri: 'file:///data/a' }),
  };
  for (const each of [legacyStdio, modernStdio]) {
    for (const [method, call] of Object.entries(calls)) {
      const { result } = responseOf(await send(each, call));
      expect({ method, ...result }).toMatchObject({ method, resultType: 'complete' });
      expect(result?.['ttlMs']).toBeGreaterThanOrEqual(0);
      expect(result?.['cacheScope']).toMatch(/^(?:public|private)$/);
    }
    for (const call of [{}, modernCall('prompts/get', { name: 'greet' })])
      expect(responseOf(await send(each, call)).result).toMatchObject({ resultType: 'complete' });
  }
  const { result } = responseOf(await send(site, modernCall('tools/list')));
  // What differs by caller is for this caller's cache alone.
  expect(result).toMatchObject({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
});

test('HDR-49 Accept missing a type', async () => {
  for (const each of everywhere()) {
    for (const accept of ['application/json', '*/*', 'application/*'])
      expect(json(await send(each, { headers: { Accept: accept } }))).toHaveProperty('result');
    for (const accept of ['text/event-stream', 'text/*', null, '', 'application/json;q=0.1']) {
      const answer = await send(each, { headers: { Accept: accept } });
      expect([406, 'echo']).toContain(answer.status === 200 ? ranBy(answer).ran : answer.status);
    }
    for (const accept of ['text/html', 'image/png, text/plain'])
      await expectRefused(each, { headers: { Accept: accept } }, 406);
  }
});
