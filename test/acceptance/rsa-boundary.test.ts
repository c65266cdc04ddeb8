import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchangeRaw, headerValue, headerValues, json } from '../fixtures/raw-http.ts';
import { expectDiscreet } from './challenge.ts';
import {
  callsSeen,
  expectRefused,
  legacyCall,
  modernCall,
  requestBytes,
  send,
  startSite,
  type Call,
  type Site,
} from './harness.ts';

let site: Site;
beforeAll(async () => {
  site = await startSite({ limits: { failedPerAddress: '100000/min' } });
});
afterAll(() => site.close());

const METADATA = '/.well-known/oauth-protected-resource/mcp';
const PUBLIC = [METADATA, '/healthz', '/readyz'];

test('RSA-28 Public endpoints', async () => {
  for (const target of PUBLIC) {
    const get: Call = { method: 'GET', target, token: null };
    const answer = await expectRefused(site, get, 200);
    expect(headerValue(answer, 'content-type')).toBe('application/json');
    expectDiscreet(site, answer);
    expect((await expectRefused(site, { ...get, method: 'HEAD' }, 200)).body).toBe('');
    // A credential changes nothing, a bad one included.
    for (const token of [site.tokens.aliceRead, 'garbage'])
      expect((await expectRefused(site, { ...get, token }, 200)).body).toBe(answer.body);
    for (const method of ['POST', 'PUT', 'DELETE'])
      await expectRefused(site, { method, target, token: null, body: null }, 405);
  }
  const metadata = json(await send(site, { method: 'GET', target: METADATA, token: null })) as Record<string, unknown>;
  expect(metadata).toMatchObject({ resource: site.gateway.url, bearer_methods_supported: ['header'] });
  expect(metadata['scopes_supported']).toEqual(['file:read', 'file:write', 'secret:read']);
  // No authorization server is built in yet: nobody is asked for a credential there, and nothing comes from behind.
  const servers = [
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/mcp',
    '/mcp/.well-known/openid-configuration',
    '/.well-known/jwks.json',
    '/jwks',
    '/oauth/jwks',
    '/oauth/token',
    '/oauth/authorize',
    '/register',
  ];
  for (const target of servers) {
    for (const token of [null, site.tokens.aliceRead]) {
      const answer = await expectRefused(site, { method: 'GET', target, token }, 404);
      expect(headerValues(answer, 'www-authenticate')).toEqual([]);
    }
  }
});

test('RSA-29 Skip-auth paths are exact', async () => {
  for (const path of PUBLIC) {
    const named = [
      `${path}/../mcp`,
      `${path}%2f..%2fmcp`,
      `/mcp?x=${path}`,
      `/mcp#${path}`,
      `/mcp;${path}`,
      '//mcp',
      `${path}/`,
    ];
    const family = [
      `${path}/mcp`,
      `${path}//mcp`,
      `${path};/mcp`,
      `${path}/..;/mcp`,
      `${path}/%2e%2e/mcp`,
      `${path}/.%2e/mcp`,
      `${path}\\..\\mcp`,
      `${path}%5c..%5cmcp`,
      `${path}%00/mcp`,
      `${path}.json`,
      `${path}%3f/mcp`,
      `/mcp/..${path}`,
      `/mcp${path}`,
      `/.${path}`,
      `/${path}`,
      path.toUpperCase(),
      '/mcp/',
      '/MCP',
      '/%6dcp',
      '/mcp%20',
      '/./mcp',
      '/x/../mcp',
      `/mcp%3f${path}`,
      `/mcp?${path}`,
      '*',
      'mcp',
      `${site.gateway.url}`,
      `http://127.0.0.1${path}/../mcp`,
    ];
    for (const target of named)
      for (const method of ['POST', 'GET']) await expectRefused(site, { method, target, token: null }, [401, 404]);
    for (const target of family)
      for (const method of ['POST', 'GET']) await expectRefused(site, { method, target, token: null }, [400, 401, 404]);
    for (const name of [
      'X-Forwarded-Uri',
      'X-Original-URL',
      'X-Rewrite-URL',
      'X-Original-URI',
      'X-Forwarded-Path',
      'X-Envoy-Original-Path',
      'X-Forwarded-Prefix',
      'Referer',
    ]) {
      await expectRefused(site, { token: null, headers: { [name]: path } }, 401);
      await expectRefused(site, { method: 'GET', target: '/', token: null, headers: { [name]: path } }, 404);
    }
    for (const name of ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method', 'X-Forwarded-Method'])
      await expectRefused(site, { token: null, headers: { [name]: 'OPTIONS' } }, 401);
    // A body on a public path is not a request to the upstream, and the next request is judged on its own.
    const hidden = { method: 'GET', target: path, token: null, body: requestBytes(site, { token: null }) };
    const bytes = requestBytes(site, { ...hidden, headers: { 'Content-Length': String(hidden.body.length) } });
    site.spy.reset();
    for (const { status } of await exchangeRaw(
      site.gateway.url,
      Buffer.concat([bytes, requestBytes(site, { token: null })]),
      2,
    ))
      expect([200, 400, 401]).toContain(status);
    expect(site.spy.bytes()).toBe('');
  }
});

test('RSA-29 Skip-auth paths are exact: for those who may come in too', async () => {
  for (const target of ['/healthz/../mcp', '//mcp', '/mcp/', '/%6dcp', '/MCP', '/mcp;x'])
    await expectRefused(site, { target }, 404);
});

test('RSA-32 Identity headers from outside', async () => {
  const names =
    'X-Forwarded-User X-User X-Auth-Sub X-Forwarded-Email X-Forwarded-Groups X-Forwarded-Preferred-Username X-Forwarded-Access-Token X-Auth-Request-User X-Auth-Request-Email X-Auth-Request-Groups X-Auth-User X-Auth-Roles Remote-User X-Remote-User X-WebAuth-User X-Authenticated-User X-Authenticated-Userid X-User-Id X-Consumer-Username X-Amzn-Oidc-Identity X-Goog-Authenticated-User-Email Cf-Access-Authenticated-User-Email Tailscale-User-Login X-Client-Cert X-SSL-Client-S-DN X-Latchkey-Principal X-Latchkey-User X-Principal X-Tenant-Id X-Scopes X_Forwarded_User X-Forwarded-For X-Forwarded-Client-Cert X-Real-IP Forwarded Via From';
  const marker = 'root-of-outside';
  const headers = Object.fromEntries(names.split(' ').map((name) => [name, marker]));
  site.spy.reset();
  expect((await send(site, { headers })).status).toBe(200);
  expect(site.spy.bytes()).not.toContain(marker);
  const [call] = callsSeen(site);
  const sent = call?.rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  expect(sent).toContain('mcp-name');
  for (const name of names.toLowerCase().split(' ')) expect(sent).not.toContain(name);
  // It acts as alice, who may not write, and is nobody without her token.
  await expectRefused(site, { headers, tool: 'write_file' }, 403);
  await expectRefused(site, { headers, token: null }, 401);
  await expectRefused(site, { headers: { Connection: 'close, X-Forwarded-User', 'X-Forwarded-User': marker } }, 400);
  let trail = '';
  const findAllowed = async (): Promise<readonly string[]> => {
    trail = await site.gateway.command('trail', '--json');
    return trail.split('\n').filter((line) => line.includes('"decision":"allow"') && line.includes('"echo"'));
  };
  await expect.poll(async () => (await findAllowed()).length).toBeGreaterThan(0);
  const allowed = await findAllowed();
  expect(trail).not.toContain(marker);
  for (const line of allowed)
    expect(JSON.parse(line)).toMatchObject({ credential: 'alice-read', address: '127.0.0.1' });
});

test('RSA-33 Errors leak nothing', async () => {
  const garbage: Call[] = [
    { token: null },
    { token: 'garbage' },
    { token: site.tokens.expired },
    { token: site.tokens.revoked },
    { token: site.tokens.audience },
    { headers: { 'X-API-Key': site.apiKey } },
    { headers: { Host: 'evil.example' } },
    { headers: { Origin: 'https://evil.example' } },
    { target: '/nothing' },
    { target: '/../../etc/passwd' },
    { method: 'PUT', body: null },
    { headers: { 'Content-Type': 'text/plain' } },
    { headers: { 'Content-Encoding': 'gzip' } },
    { headers: { Accept: 'text/html' } },
    { headers: { 'Content-Length': '-1' } },
    { headers: { 'Transfer-Encoding': 'gzip' } },
    { headers: { 'X-Big': 'x'.repeat(20_000) } },
    { body: 'x'.repeat(2 * 1024 * 1024) },
    { body: '{"marker-of-input' },
    { body: '{"__proto__":{"marker-of-input":1}}' },
    {
      body: `{"jsonrpc":"2.0","id":1,"method":"marker-of-input","params":{}}`,
      headers: { 'Mcp-Method': 'marker-of-input' },
    },
    { headers: { 'Mcp-Name': 'marker-of-input' } },
    { headers: { 'MCP-Protocol-Version': '1900-01-01' } },
    { tool: 'write_file' },
    { tool: 'delete_all' },
    { tool: 'marker-of-input' },
    modernCall('foo/bar'),
    modernCall('resources/read', { uri: 'file:///etc/passwd' }),
    legacyCall('tools/list', {}, 'marker-of-input'),
    { target: '/.latchkey/rotate', token: 'garbage' },
  ];
  for (const call of garbage) {
    const answer = await expectRefused(
      site,
      call,
      Array.from({ length: 200 }, (_, at) => 400 + at),
    );
    expectDiscreet(site, answer);
    expect(answer.body).not.toContain('marker-of-input');
    expect(answer.body.length).toBeLessThan(500);
  }
});

test('RSA-33 Errors leak nothing: an upstream that is gone', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  const gone = await startSite({ upstream: { url: `http://127.0.0.1:${port}/secret-path` } });
  for (const call of [{}, modernCall('tools/list'), modernCall('server/discover')]) {
    const answer = await send(gone, call);
    expect(answer.status).toBe(502);
    expectDiscreet(gone, answer);
    expect(JSON.stringify(answer)).not.toMatch(new RegExp(`${port}|secret-path|ECONN`));
  }
  await gone.close();
});
