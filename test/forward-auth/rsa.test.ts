// The checks of the catalogue that a lock which sees headers only can hold, through each proxy as its example sets it up.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectDiscreet, metadataUrl, readChallenge } from '../acceptance/challenge.ts';
import {
  callBody,
  expectRefused,
  legacyCall,
  modernCall,
  requestBytes,
  REVISION,
  send,
  type Call,
} from '../acceptance/harness.ts';
import { exchangeInTurn, headerValue, headerValues, json } from '../fixtures/raw-http.ts';
import { hasProxy, type ProxyName } from './proxy.ts';
import { startForwardSite, type ForwardSite } from './site.ts';

describe.each(['nginx', 'caddy'] as const)('behind %s', (name) => {
  describe.skipIf(!hasProxy(name))('with tool rules', () => {
    suite(name);
  });
});

const bearer = (value: string): Call => ({ token: null, headers: { Authorization: value } });
const key = (value: string | readonly string[]): Call => ({ token: null, headers: { 'X-API-Key': value } });

function withoutServer(answer: Awaited<ReturnType<typeof send>>): Awaited<ReturnType<typeof send>> {
  expect(headerValues(answer, 'latchkey-body')).toEqual([]);
  expect(headerValues(answer, 'latchkey-principal')).toEqual([]);
  return { ...answer, headers: answer.headers.filter(([header]) => header.toLowerCase() !== 'server') };
}

function suite(name: ProxyName): void {
  let site: ForwardSite;
  beforeAll(async () => {
    site = await startForwardSite(name);
  });
  afterAll(() => site.close());

  async function expectUnauthorized(call: Call, error: 'invalid_token' | undefined): Promise<void> {
    const answer = await expectRefused(site, call, 401);
    expect(readChallenge(answer)).toEqual({
      ...(error === undefined ? {} : { error }),
      resource_metadata: metadataUrl(site),
    });
  }
  /** The headers that the server got of its last request, by lower-case name. */
  const seen = (): Readonly<Record<string, readonly string[]>> => {
    const raw = site.spy.requests.at(-1)?.rawHeaders ?? [];
    const found: Record<string, string[]> = {};
    for (let i = 0; i < raw.length; i += 2) (found[(raw[i] as string).toLowerCase()] ??= []).push(raw[i + 1] as string);
    return found;
  };

  test('RSA-01 No credential', async () => {
    for (const call of [
      {},
      modernCall('tools/list'),
      legacyCall('initialize', {}, null),
      { method: 'GET', headers: { Accept: 'text/event-stream' } },
      { method: 'DELETE', headers: { 'Mcp-Session-Id': 'a-session' } },
    ])
      await expectUnauthorized({ ...call, token: null }, undefined);
  });

  test('RSA-02 Every method guarded', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'QUERY', 'OPTIONS', 'BREW']) {
      await expectRefused(site, { method, token: null, body: null }, [401, 405]);
      // A method that the lock does not know is none that it lets through.
      if (!['GET', 'DELETE'].includes(method)) await expectRefused(site, { method, body: null }, 405);
    }
  });

  test('RSA-03 Invalid token', async () => {
    for (const value of ['Bearer garbage', 'Bearer ', 'Basic Zm9v', 'Bearer a b', `Bearer ${site.tokens.bob}x`])
      await expectUnauthorized(bearer(value), 'invalid_token');
  });

  test('RSA-04 Expired token', () => expectUnauthorized({ token: site.tokens.expired }, 'invalid_token'));

  test('RSA-05 Revoked token', async () => {
    await expectUnauthorized({ token: site.tokens.revoked }, 'invalid_token');
    const { token } = await site.gateway.createToken('short', '--scope', 'file:read');
    expect((await send(site, { token })).status).toBe(200);
    await site.gateway.command('token', 'revoke', 'short');
    // The very next request, since nothing is remembered of the one before.
    await expectUnauthorized({ token }, 'invalid_token');
  });

  test('RSA-06 Scheme case', async () => {
    for (const scheme of ['bearer', 'BEARER', 'bEaReR'])
      expect((await send(site, bearer(`${scheme} ${site.tokens.aliceRead}`))).status).toBe(200);
  });

  test('RSA-11 Query token ignored', () =>
    expectUnauthorized({ token: null, target: `/mcp?access_token=${site.tokens.aliceRead}` }, undefined));

  test('RSA-12 Form token ignored', () =>
    expectUnauthorized(
      {
        token: null,
        body: `access_token=${site.tokens.aliceRead}`,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': '64' },
      },
      undefined,
    ));

  test('RSA-17 API key header', async () => {
    expect((await send(site, key(site.apiKey))).status).toBe(200);
    expect(seen()).not.toHaveProperty('x-api-key');
    await expectRefused(site, key('bad'), 401);
    await expectRefused(site, key([site.apiKey, site.apiKey]), 400);
    await expectRefused(site, { headers: { 'X-API-Key': site.apiKey } }, 400);
    // nginx refuses it itself.
    await expectRefused(site, bearer([`Bearer ${site.tokens.bob}`, 'Bearer x'] as never), 400);
  });

  test('RSA-20 Insufficient scope', async () => {
    const answer = await expectRefused(site, { tool: 'write_file' }, 403);
    expect(readChallenge(answer)).toEqual({
      error: 'insufficient_scope',
      scope: 'file:write',
      resource_metadata: metadataUrl(site),
    });
    expect((await send(site, { tool: 'write_file', token: site.tokens.aliceWrite })).status).toBe(200);
    await expectRefused(site, { tool: 'unlisted', token: site.tokens.aliceWrite }, 403);
  });

  test('RSA-21 One challenge, all scopes', async () => {
    const answer = await expectRefused(site, { tool: 'copy_secret', token: site.tokens.none }, 403);
    expect(readChallenge(answer)['scope']).toBe('file:read secret:read');
  });

  test('RSA-23 Scope hierarchy', async () => {
    expect((await send(site, { tool: 'write_file', token: site.tokens.admin })).status).toBe(200);
  });

  test('RSA-24 Challenge cannot be injected', async () => {
    for (const headers of [
      { 'X-Forwarded-Host': 'evil.example", x="' },
      { 'X-Original-URI': '/mcp" , x="' },
      { 'X-Forwarded-Proto': 'https' },
    ] as Record<string, string>[])
      await expectUnauthorized({ token: null, headers }, undefined);
    await expectRefused(site, { token: null, headers: { Host: 'evil.example' } }, 421);
  });

  test('RSA-26 Auth before body work', async () => {
    for (const body of ['{'.repeat(900_000), '{"method":"nonsense"}'])
      await expectUnauthorized({ token: null, body }, undefined);
    await expectUnauthorized({ token: null, headers: { 'Mcp-Name': 'bad=?' } }, undefined);
  });

  test('RSA-27 Auth on each request of a connection', async () => {
    const answers = await exchangeInTurn(site.gateway.url, [
      requestBytes(site, {}),
      requestBytes(site, { token: null }),
      requestBytes(site, {}),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200]);
  });

  test('RSA-28 Public endpoints', async () => {
    const target = '/.well-known/oauth-protected-resource/mcp';
    const answer = await expectRefused(site, { method: 'GET', target, token: null }, 200);
    expect(json(answer)).toMatchObject({ resource: site.gateway.url, bearer_methods_supported: ['header'] });
  });

  test('RSA-29 Skip-auth paths are exact', async () => {
    const open = '/.well-known/oauth-protected-resource/mcp';
    const tricks = [
      `${open}/../../../mcp`,
      `${open}%2f..%2f..%2f..%2fmcp`,
      `${open}/..;/mcp`,
      `${open}/mcp`,
      `/mcp?x=${open}`,
      `/mcp;${open}`,
      '//mcp',
      '///mcp',
      '/./mcp',
      '/x/../mcp',
      '/%2e/mcp',
      '/x/%2e%2e/mcp',
      '/%6dcp',
      '/%2fmcp',
      '/mcp%2f',
      '/mcp/',
      '/MCP',
      '/mcp%20',
      '/mcp%00',
      '/mcp%3fx',
      '/mcp#x',
      '/mcp;x',
      '\\mcp',
      '/\\mcp',
      `${new URL(site.gateway.url).origin}/mcp/`,
    ];
    for (const target of tricks) await expectRefused(site, { target, token: null }, [400, 401, 404]);
    // Nor is another way to write the path another way in for who may come in.
    for (const target of tricks.filter((each) => !each.startsWith('/mcp?')))
      await expectRefused(site, { target }, [400, 404]);
    for (const header of [
      'X-Forwarded-Uri',
      'X-Original-URI',
      'X-Original-URL',
      'X-Rewrite-URL',
      'X-Forwarded-Prefix',
    ]) {
      await expectUnauthorized({ token: null, headers: { [header]: open } }, undefined);
      await expectRefused(site, { target: '/elsewhere', headers: { [header]: '/mcp' } }, 404);
      // What the lock is told is what the proxy received.
      expect((await send(site, { headers: { [header]: '/elsewhere' } })).status).toBe(200);
    }
    for (const header of ['X-Forwarded-Method', 'X-Original-Method', 'X-HTTP-Method-Override'])
      await expectRefused(site, { method: 'PUT', body: null, headers: { [header]: 'POST' } }, 405);
  });

  test('RSA-32 Identity headers from outside', async () => {
    const forged: Record<string, string | readonly string[]> = {
      'Latchkey-Principal': ['root', 'root'],
      'latchkey-client': 'root',
      'LATCHKEY-SCOPES': '*',
    };
    site.spy.reset();
    expect((await send(site, { headers: forged })).status).toBe(200);
    expect(seen()).toMatchObject({
      'latchkey-principal': [expect.stringMatching(/^token:[0-9a-f]{20}$/)],
      'latchkey-scopes': ['file:read'],
    });
    expect(site.spy.bytes()).not.toContain('root');
    expect(seen()['latchkey-client'] ?? ['']).toEqual(['']);
    // What Connection names a proxy takes off the request: not what the lock says.
    const names = 'Latchkey-Principal, Latchkey-Client, Latchkey-Scopes';
    expect((await send(site, { headers: { Connection: `keep-alive, ${names}` } })).status).toBe(200);
    expect(seen()).toMatchObject({
      'latchkey-principal': [expect.stringMatching(/^token:[0-9a-f]{20}$/)],
      'latchkey-scopes': ['file:read'],
    });
    // The lock says nothing of the kind here.
    expect(seen()['latchkey-identity']).toBeUndefined();
    // To a server that makes variables of headers these are the same ones; nginx drops them.
    for (const twin of ['Latchkey_Principal', 'latchkey_scopes', 'Latchkey_Client']) {
      site.spy.reset();
      const { status } = await send(site, { headers: { [twin]: 'root' } });
      expect(status).toBe(name === 'nginx' ? 200 : 400);
      expect(site.spy.bytes()).not.toContain('root');
    }
    // The credential itself is the lock's.
    expect((await send(site)).status).toBe(200);
    expect(site.spy.bytes()).not.toContain(site.tokens.aliceRead);
  });

  test('RSA-33 Errors leak nothing', async () => {
    for (const call of [{ token: null }, { token: 'bad' }, { tool: 'write_file' }, { target: '//mcp' }])
      expectDiscreet(site, withoutServer(await expectRefused(site, call, [401, 403, 404])));
  });

  test('tells what the gateway would tell: limits, revisions and headers', async () => {
    expect((await send(site, { tool: 'busy' })).status).toBe(200);
    const limited = await expectRefused(site, { tool: 'busy' }, 429);
    expect(Number(headerValue(limited, 'retry-after'))).toBeGreaterThan(3000);
    const legacy = await expectRefused(site, legacyCall('tools/call', { name: 'echo' }, null), 400);
    expect(json(legacy).error).toMatchObject({ code: -32022, data: { supported: [REVISION] } });
    for (const headers of [
      { 'Mcp-Method': null },
      { 'Mcp-Name': null },
      { 'Mcp-Name': 'caf\u00e9' },
      { 'Mcp-Method': ['tools/call', 'tools/list'] },
      { 'Mcp-Name': ['echo', 'write_file'] },
      { 'Mcp-Name': ['echo', 'echo'] },
      { 'MCP-Protocol-Version': [REVISION, REVISION] },
    ])
      expect((await expectRefused(site, { headers }, 400)).body).toContain('"code"');
    expect((await send(site, { headers: { 'Mcp-Name': '=?base64?ZWNobw==?=' } })).status).toBe(200);
  });

  test('lets nothing through that only a body can tell', async () => {
    await expectRefused(site, modernCall('subscriptions/listen', {}), 403);
    await expectRefused(site, modernCall('completion/complete', {}), 403);
    await expectRefused(site, modernCall('resources/read', { uri: 'file:///secret' }), 403);
    expect((await send(site, modernCall('resources/read', { uri: 'file:///data/a' }))).status).not.toBe(403);
    // Lists pass as they are: what they show is the server's to say.
    expect((await send(site, modernCall('tools/list'))).status).toBe(200);
  });

  test('passes the body on as it came', async () => {
    const body = callBody({ args: { text: 'x'.repeat(300_000) } });
    site.spy.reset();
    expect((await send(site, { body })).status).toBe(200);
    expect(site.spy.requests.at(-1)?.body).toBe(body);
  });
}
