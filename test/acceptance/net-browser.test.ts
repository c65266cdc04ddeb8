import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerValue, headerValues, type RawAnswer } from '../fixtures/raw-http.ts';
import { expectEachRefused, expectEachServed } from './answers.ts';
import { startBareSite } from './bare-site.ts';
import { expectRefused, modernCall, send, startSite, type Call, type Site } from './harness.ts';

const APP = 'https://app.example';
let site: Site;
beforeAll(async () => {
  site = await startSite({ origins: [APP], limits: { failedPerAddress: '100000/min' } });
}, 180_000);
afterAll(() => site.close());

/** What a page can send to any address without asking first (Fetch §2.2.2), and what looks like JSON but is not. */
const SIMPLE: readonly (string | readonly string[] | null)[] = [
  'text/plain',
  'text/plain;charset=UTF-8',
  'text/plain; application/json',
  'text/plain;charset=application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/json',
  'text/html',
  'application/jsonp',
  'application/json-rpc',
  'application/json+x',
  'application/x-json',
  'application/json, text/plain',
  'text/plain, application/json',
  ['application/json', 'text/plain'],
  ['text/plain', 'application/json'],
  ['application/json', 'application/json'],
  'application/json;charset=utf-16',
  'application/json;charset=iso-8859-1',
  'application /json',
  '"application/json"',
  ';application/json',
  'application/json/',
  '',
  null,
];

test('NET-11 simple cross-site POST', async () => {
  for (const type of SIMPLE) {
    const headers = { 'Content-Type': type };
    const post = { [`${type}`]: { headers } };
    await expectEachRefused(site, post, 415);
    // A page of another site is refused whatever it sends; it cannot have a credential without asking first.
    await expectRefused(site, { headers: { ...headers, Origin: 'https://evil.example' } }, 403);
    await expectRefused(site, { headers: { ...headers, Origin: 'null' } }, 403);
    await expectRefused(site, { token: null, headers }, 401);
    await expectRefused(site, { token: null, headers: { ...headers, Cookie: `token=${site.tokens.aliceRead}` } }, 401);
  }
});

test('NET-11 simple cross-site POST: without authentication on loopback', async () => {
  const open = await startBareSite({ auth: { enabled: false }, origins: [APP] });
  const posts = SIMPLE.map((type) => [`${type}`, { token: null, headers: { 'Content-Type': type } }] as const);
  await expectEachRefused(open, Object.fromEntries(posts), 415);
  for (const origin of ['https://evil.example', 'null'])
    await expectRefused(open, { token: null, headers: { 'Content-Type': 'text/plain', Origin: origin } }, 403);
  await expectEachServed(open, { json: { token: null } });
  await open.close();
});

const preflight = (origin: string, more: Call['headers'] = {}, target = '/mcp'): Call => ({
  method: 'OPTIONS',
  target,
  token: null,
  headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', ...more },
});

/** The words of a comma list header, in small letters. */
function listOf(answer: RawAnswer, name: string): readonly string[] {
  const words = headerValues(answer, name).flatMap((value) => value.split(','));
  return words.map((word) => word.trim().toLowerCase());
}

function expectAllowed(answer: RawAnswer, origin: string): void {
  expect(headerValues(answer, 'access-control-allow-origin')).toEqual([origin]);
  expect(headerValues(answer, 'access-control-allow-credentials')).toEqual([]);
  expect(listOf(answer, 'vary')).toContain('origin');
}

test('NET-12 CORS policy: preflight', async () => {
  const metadata = '/.well-known/oauth-protected-resource/mcp';
  const own = new URL(site.gateway.url).origin;
  for (const origin of [APP, own]) {
    const answer = await expectRefused(site, preflight(origin), 204);
    expectAllowed(answer, origin);
    expect(listOf(answer, 'access-control-allow-methods').toSorted()).toEqual(['delete', 'get', 'post']);
    expect(listOf(answer, 'access-control-allow-headers').toSorted()).toEqual([
      'accept',
      'authorization',
      'content-type',
      'dpop',
      'last-event-id',
      'mcp-method',
      'mcp-name',
      'mcp-protocol-version',
      'mcp-session-id',
      'x-api-key',
    ]);
    expect(Number(headerValue(answer, 'access-control-max-age'))).toBeLessThanOrEqual(7200);
    expect(answer.body).toBe('');
    const document = await expectRefused(site, preflight(origin, {}, metadata), 204);
    expectAllowed(document, origin);
    expect(listOf(document, 'access-control-allow-methods').toSorted()).toEqual(['get', 'head']);
  }
  // What the page asks for is not what it gets, except mirrored parameters, which schemas name.
  const foreign = ['Cookie', 'X-Evil', '*', 'Mcp-Param-', 'Mcp-Param-a_b', 'X-Mcp-Param-a', 'x'.repeat(500)];
  const asked = ['Mcp-Param-Region', ...foreign, ' Mcp-Param-Size '].join(',');
  const methods = { 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': asked };
  const answer = await expectRefused(site, preflight(APP, methods), 204);
  const allowed = listOf(answer, 'access-control-allow-headers');
  expect(allowed.slice(10)).toEqual(['mcp-param-region', 'mcp-param-size']);
  expect(listOf(answer, 'access-control-allow-methods')).not.toContain('put');
  // No page may rotate a credential, and there is nothing at other paths.
  await expectRefused(site, preflight(APP, {}, '/.latchkey/rotate'), 405);
  await expectRefused(site, preflight(APP, {}, '/nothing'), 404);
});

test('NET-12 CORS policy: an endpoint of 2026-07-28 alone takes POST alone', async () => {
  const modern = await startBareSite({ protocol: 'modern', origins: [APP] });
  const answer = await expectRefused(modern, preflight(APP), 204);
  expect(listOf(answer, 'access-control-allow-methods')).toEqual(['post']);
  await modern.close();
});

test('NET-12 CORS policy: reaching into a private network', async () => {
  const ask = { 'Access-Control-Request-Private-Network': 'true' };
  const answer = await expectRefused(site, preflight(APP, ask), 204);
  expectAllowed(answer, APP);
  expect(headerValues(answer, 'access-control-allow-private-network')).toEqual(['true']);
  expect(headerValues(await send(site, preflight(APP)), 'access-control-allow-private-network')).toEqual([]);
  for (const origin of ['https://evil.example', 'null', `${APP}.evil.example`]) {
    const refused = await expectRefused(site, preflight(origin, ask), 403);
    expect(refused.headers.filter(([name]) => /^access-control/i.test(name))).toEqual([]);
  }
});

/** Answers of every kind that a page can get. */
const KINDS: Readonly<Record<string, readonly [Call, number]>> = {
  call: [{}, 200],
  list: [modernCall('tools/list'), 200],
  'no credential': [{ token: null }, 401],
  'wrong credential': [{ token: 'garbage' }, 401],
  'missing scope': [{ tool: 'write_file' }, 403],
  'no such path': [{ target: '/nothing' }, 404],
  'wrong method': [{ method: 'PUT', body: null }, 405],
  'wrong type': [{ headers: { 'Content-Type': 'text/plain' } }, 415],
  metadata: [{ method: 'GET', target: '/.well-known/oauth-protected-resource/mcp', token: null }, 200],
  health: [{ method: 'GET', target: '/healthz', token: null }, 200],
};

test('NET-12 CORS policy: actual requests', async () => {
  for (const [kind, [call, status]] of Object.entries(KINDS)) {
    const from = (origin: string): Promise<RawAnswer> =>
      send(site, { ...call, headers: { ...call.headers, Origin: origin } });
    const answer = await from(APP);
    expect({ kind, status: answer.status }).toEqual({ kind, status });
    expectAllowed(answer, APP);
    // The page can read the challenge, the session and how long to wait.
    const exposed = listOf(answer, 'access-control-expose-headers');
    expect(exposed).toEqual(expect.arrayContaining(['www-authenticate', 'mcp-session-id', 'retry-after']));
    expect(exposed).not.toContain('*');
    for (const origin of [
      'https://evil.example',
      'null',
      APP.toUpperCase(),
      `${APP}:443`,
      `${APP}/`,
      'http://app.example',
    ]) {
      // Metadata are for every page, as they are for every program; nothing else of an answer is exposed.
      const granted = kind === 'metadata' ? [['access-control-allow-origin', '*']] : [];
      expect((await from(origin)).headers.filter(([name]) => /^access-control/i.test(name))).toEqual(granted);
    }
    // Without an Origin nothing is granted; where a cache may keep the answer, it knows that the Origin matters.
    const plain = await send(site, call);
    expect(plain.headers.filter(([name]) => /^access-control/i.test(name))).toEqual([]);
  }
  for (const target of ['/.well-known/oauth-protected-resource/mcp', '/healthz'])
    expect(listOf(await send(site, { method: 'GET', target, token: null }), 'vary')).toContain('origin');
});

test('NET-12 CORS policy: origins that cannot be configured', async () => {
  const origins = ['*', 'null', 'https://*.example', `${APP}/`, `${APP}/path`, 'app.example', `${APP}:443`];
  const starts = origins.map((origin) => startBareSite({ origins: [origin] }));
  for (const start of await Promise.allSettled(starts))
    expect(String(start.status === 'rejected' && start.reason)).toContain('E_CONFIG_INVALID');
});
