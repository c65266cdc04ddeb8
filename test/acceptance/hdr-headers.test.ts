import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerValue, headerValues, json } from '../fixtures/raw-http.ts';
import { expectEachRefused, expectEachServed, ranBy, responseOf } from './answers.ts';
import { callBody, expectRefused, META, modernCall, openSession, REVISION, send, startSite } from './harness.ts';
import type { Call, Site } from './harness.ts';

let site: Site;
let modernOnly: Site;
beforeAll(async () => {
  [site, modernOnly] = await Promise.all([startSite(), startSite({ protocol: 'modern' })]);
});
afterAll(() => Promise.all([site.close(), modernOnly.close()]));

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const withHeaders = (headers: NonNullable<Call['headers']>, call: Call = {}): Call => ({
  ...call,
  headers: { ...call.headers, ...headers },
});
/** M0, saying one revision in the header and another in the body. */
const revisions = (header: string, inBody: unknown): Call => ({
  headers: { 'MCP-Protocol-Version': header },
  meta: { ...META, [VERSION]: inBody },
});
const sentinel = (text: string | Buffer): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;
const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const read = (uri: string): Call => modernCall('resources/read', { uri });
const notification = (method: string, params: object, headers: Call['headers'] = {}): Call => ({
  headers: { 'Mcp-Method': method, 'Mcp-Name': null, ...headers },
  body: JSON.stringify({ jsonrpc: '2.0', method, params }),
});
const prompt = (name: string): Call => modernCall('prompts/get', { name });

test('HDR-01 baseline call works', async () => {
  for (const id of [1, 0, -7, 'abc', '', 'ключ"\\\n']) {
    site.spy.reset();
    const answer = await send(site, { id });
    expect(answer.status).toBe(200);
    expect(headerValue(answer, 'content-type')).toMatch(/^application\/json|^text\/event-stream/);
    expect(responseOf(answer)).toMatchObject({ jsonrpc: '2.0', id, result: { resultType: 'complete' } });
    expect(site.spy.requests.at(-1)?.body).toBe(callBody({ id }));
  }
  const stream = await send(site, { tool: 'slow' });
  expect(headerValue(stream, 'content-type')).toMatch(/^text\/event-stream/);
  expect(responseOf(stream)).toMatchObject({ id: 1, result: { resultType: 'complete' } });
});

test('HDR-02 notification accepted', async () => {
  for (const [method, params] of [
    ['notifications/cancelled', { requestId: 1, _meta: META }],
    ['notifications/progress', { progressToken: 1, progress: 1, _meta: META }],
  ] as const) {
    const answer = await send(site, notification(method, params));
    expect([answer.status, answer.body]).toEqual([202, '']);
  }
  const mistaken = { 'Mcp-Method': 'notifications/progress' };
  await expectRefused(site, notification('notifications/cancelled', { requestId: 1, _meta: META }, mistaken), 400);
});

test('HDR-04 version header missing', async () => {
  const mistakes: Record<string, Call> = {
    absent: { headers: { 'MCP-Protocol-Version': null } },
    empty: { headers: { 'MCP-Protocol-Version': '' } },
    'there twice': { headers: { 'MCP-Protocol-Version': [REVISION, REVISION] } },
    'absent on a list': withHeaders({ 'MCP-Protocol-Version': null }, modernCall('tools/list')),
  };
  await expectEachRefused(site, mistakes, 400, -32020);
  const bare = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {} } });
  await expectEachRefused(
    modernOnly,
    { ...mistakes, 'absent everywhere': { headers: { 'MCP-Protocol-Version': null }, body: bare } },
    400,
    -32020,
  );
});

test('HDR-05 version header differs from _meta', async () => {
  await expectEachRefused(
    site,
    {
      'older in the body': revisions(REVISION, '2025-11-25'),
      'older in the header': revisions('2025-11-25', REVISION),
      'much older in the header': revisions('2025-03-26', REVISION),
      'unknown in the header': revisions('1900-01-01', REVISION),
      'unknown in the body': revisions(REVISION, '1900-01-01'),
      'a space in the body': revisions(REVISION, `${REVISION} `),
      'empty in the body': revisions(REVISION, ''),
      'two in the header': { headers: { 'MCP-Protocol-Version': [REVISION, '2025-11-25'] } },
    },
    400,
    -32020,
  );
});

test('HDR-07 unsupported version', async () => {
  for (const version of ['1900-01-01', '2099-12-31', '2026-7-28', 'banana', '20260728']) {
    const answer = await expectRefused(site, revisions(version, version), 400);
    const { error, id } = json(answer);
    expect([error?.code, id]).toEqual([-32022, 1]);
    expect(error?.data?.['supported']).toContain(REVISION);
    expect(error?.data?.['requested']).toBe(version);
  }
  const modern = await expectRefused(modernOnly, revisions('2025-11-25', '2025-11-25'), 400);
  expect(json(modern)).toMatchObject({ error: { code: -32022, data: { supported: [REVISION] } } });
});

test('HDR-08 Mcp-Method missing', async () => {
  const without = { 'Mcp-Method': null };
  await expectEachRefused(
    site,
    {
      'of a call': withHeaders(without),
      'of a list': withHeaders(without, modernCall('tools/list')),
      'of a read': withHeaders(without, read('file:///data/a')),
      'of server/discover': withHeaders(without, modernCall('server/discover')),
      'of subscriptions/listen': withHeaders(without, modernCall('subscriptions/listen', { notifications: {} })),
      empty: withHeaders({ 'Mcp-Method': '' }),
    },
    400,
    -32020,
  );
});

test('HDR-09 Mcp-Method mismatch', async () => {
  await expectEachRefused(
    site,
    {
      'a list, calling': withHeaders({ 'Mcp-Method': 'tools/list' }),
      'a call, listing': withHeaders({ 'Mcp-Method': 'tools/call' }, modernCall('tools/list')),
      'a read, getting': withHeaders({ 'Mcp-Method': 'resources/read' }, prompt('greet')),
      'there twice, one right': withHeaders({ 'Mcp-Method': ['tools/call', 'tools/list'] }),
      'there twice, both right': withHeaders({ 'Mcp-Method': ['tools/call', 'tools/call'] }),
      'more than the method': withHeaders({ 'Mcp-Method': 'tools/call;x=1' }),
      encoded: withHeaders({ 'Mcp-Method': 'tools%2Fcall' }),
    },
    400,
    -32020,
  );
});

test('HDR-10 method value case', async () => {
  for (const method of ['Tools/Call', 'TOOLS/CALL', 'tools/Call'])
    await expectEachRefused(site, { [method]: { headers: { 'Mcp-Method': method } } }, 400, -32020);
});

test('HDR-12 Mcp-Name missing', async () => {
  for (const name of [null, ''])
    await expectEachRefused(
      site,
      {
        'of a call': withHeaders({ 'Mcp-Name': name }),
        'of a read': withHeaders({ 'Mcp-Name': name }, read('file:///data/a')),
        'of a prompt': withHeaders({ 'Mcp-Name': name }, prompt('greet')),
      },
      400,
      -32020,
    );
});

test('HDR-13 Mcp-Name mismatch', async () => {
  const named = (header: string | readonly string[], tool: string): Call =>
    withHeaders({ 'Mcp-Name': header }, { tool });
  const both = modernCall('resources/read', { uri: 'file:///etc/passwd', name: 'file:///data/a' });
  await expectEachRefused(
    site,
    {
      'a tool that may be called for one that may not': named('echo', 'delete_all'),
      'a tool that may not be called for one that may': named('delete_all', 'echo'),
      'another case': named('Echo', 'echo'),
      'two headers, the first right': named(['echo', 'delete_all'], 'echo'),
      'two headers, the last right': named(['delete_all', 'echo'], 'echo'),
      'a list of both': named('echo, delete_all', 'delete_all'),
      'encoded, another tool': named(sentinel('echo'), 'delete_all'),
      'percent-encoded': named('%65cho', 'echo'),
      'in quotes': named('"echo"', 'echo'),
      'another resource': withHeaders({ 'Mcp-Name': 'file:///data/a' }, read('file:///etc/passwd')),
      'another spelling of the resource': withHeaders({ 'Mcp-Name': 'file:///data/a' }, read('file:///data/%61')),
      'the name of a resource for its URI': withHeaders({ 'Mcp-Name': 'file:///data/a' }, both),
      'another prompt': withHeaders({ 'Mcp-Name': 'greet' }, prompt('betray')),
    },
    400,
    -32020,
  );
  const twice = callBody({ tool: 'delete_all' }).replace('"name":', '"name":"echo","name":');
  await expectEachRefused(site, { 'a body with two names': { body: twice } }, 400, -32600);
  await expect
    .poll(() => site.gateway.command('trail', '--json'))
    .toMatch(/"target":"delete_all","decision":"deny","reason":"header-mismatch"/);
});

test('HDR-14 sentinel decoded', async () => {
  expect(sentinel('echo')).toBe('=?base64?ZWNobw==?=');
  const answer = await send(site, withHeaders({ 'Mcp-Name': '=?base64?ZWNobw==?=' }));
  expect(answer.status).toBe(200);
  expect(ranBy(answer).ran).toBe('echo');
  expect(site.spy.requests.at(-1)?.rawHeaders.join(' ')).toContain('=?base64?ZWNobw==?=');
  const uri = 'file:///data/straße';
  await expectEachServed(site, { 'beyond ASCII': withHeaders({ 'Mcp-Name': sentinel(uri) }, read(uri)) });
  const bad = ['=?base64?ZWNobw?=', '=?base64?ZWNobx==?=', '=?base64?!!!!?=', '=?base64?ZWNo bw==?=', '=?base64??='];
  const other = ['=?BASE64?ZWNobw==?=', '=?base64?ZWNobw==', 'ZWNobw==', '=?utf-8?B?ZWNobw==?=', sentinel('echo\0')];
  for (const value of [...bad, ...other, sentinel(Buffer.from([0xff])), sentinel(sentinel('echo'))])
    await expectEachRefused(site, { [value]: withHeaders({ 'Mcp-Name': value }) }, 400, -32020);
});

test('HDR-20 OWS trimmed', async () => {
  for (const name of ['  echo', 'echo  ', '   echo\t ', '\techo'])
    await expectEachServed(site, {
      [JSON.stringify(name)]: withHeaders({ 'Mcp-Name': name, 'Mcp-Method': ' tools/call ' }),
    });
});

test('HDR-22 raw non-ASCII header byte', async () => {
  const uri = 'file:///data/café';
  await expectEachRefused(
    site,
    {
      'latin1 after a right name': withHeaders({ 'Mcp-Name': 'echo\u00e9' }),
      'latin1 of the right name': withHeaders({ 'Mcp-Name': uri }, read(uri)),
      'UTF-8 of the right name': withHeaders({ 'Mcp-Name': latin1(uri) }, read(uri)),
      'a no-break space after it': withHeaders({ 'Mcp-Name': 'echo\u00a0' }),
      'in the method': withHeaders({ 'Mcp-Method': 'tools/call\u00e9' }),
    },
    400,
    -32020,
  );
  // What is no header value at all ends at the HTTP parser.
  for (const control of ['\u0001', '\u0000', '\u007f', '\r'])
    await expectRefused(site, withHeaders({ 'Mcp-Name': `echo${control}` }), 400);
});

test('HDR-33 GET and DELETE on a modern-only endpoint', async () => {
  for (const method of ['GET', 'DELETE', 'PUT', 'PATCH', 'HEAD']) {
    const plain = await expectRefused(modernOnly, { method }, 405);
    expect(headerValue(plain, 'allow')).toContain('POST');
    expect(headerValue(plain, 'allow')).not.toMatch(/GET|DELETE/);
  }
  for (const method of ['GET', 'DELETE'])
    await expectRefused(site, { method, headers: { 'MCP-Protocol-Version': REVISION } }, 405);
});

test('HDR-34 session header ignored', async () => {
  const session = await openSession(site);
  for (const id of ['x', session, '']) {
    site.spy.reset();
    const answer = await send(site, { headers: { 'Mcp-Session-Id': id } });
    expect(answer.status).toBe(200);
    expect(headerValues(answer, 'mcp-session-id')).toEqual([]);
    expect(site.spy.bytes().toLowerCase()).not.toContain('mcp-session-id');
  }
});
