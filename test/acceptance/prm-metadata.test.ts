import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { headerValue, headerValues, json, type RawAnswer } from '../fixtures/raw-http.ts';
import { startBareSite } from './bare-site.ts';
import { expectDiscreet, readChallenge } from './challenge.ts';
import { startPublicSite } from './public-site.ts';
import { expectRefused, expectUpstreamUntouched, send, startSite, type Call, type Site } from './harness.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const PUBLIC = 'https://mcp.example.com';
const APP = 'https://app.example';

let issuer: TestIssuer;
let site: Site;
beforeAll(async () => {
  issuer = await startIssuer({ path: '/tenant' });
  site = await startSite({
    limits: { failedPerAddress: '100000/min' },
    origins: [APP],
    compat: { rest: true },
    auth: { issuers: { id: { issuer: issuer.url } } },
  });
});
afterAll(async () => {
  await site.close();
  await issuer.close();
});

const read = (target: string, more: Call = {}): Call => ({ method: 'GET', target, token: null, ...more });
const documentOf = (answer: RawAnswer): Record<string, unknown> => JSON.parse(answer.body) as Record<string, unknown>;

/** A gateway that the internet knows as this URL, and how to ask it there. */
async function startPublic(publicUrl: string, more: object = {}): Promise<{ site: Site; host: Call['headers'] }> {
  const known = await startPublicSite(publicUrl, { auth: { issuers: { id: { issuer: issuer.url } } }, ...more });
  return { site: known, host: { Host: new URL(publicUrl).host } };
}

test('PRM-01 Document at the path-inserted URL', async () => {
  const answer = await expectRefused(site, read(`${WELL_KNOWN}/mcp`), 200);
  expect(headerValue(answer, 'content-type')).toBe('application/json');
  expect(documentOf(answer)).toMatchObject({
    resource: site.gateway.url,
    authorization_servers: [issuer.url],
    resource_name: 'default',
  });
  expectDiscreet(site, answer);
});

test.each([
  ['a path', `${PUBLIC}/gateway`, '/gateway/mcp'],
  ['a path and a port', `${PUBLIC}:8443/a/b`, '/a/b/mcp'],
  ['the port of the scheme', `${PUBLIC}:443`, '/mcp'],
  ['a slash at its end', `${PUBLIC}/`, '/mcp'],
])('PRM-01 Document at the path-inserted URL: behind %s', async (_what, publicUrl, path) => {
  const { site: known, host = {} } = await startPublic(publicUrl);
  const document = documentOf(await expectRefused(known, read(`${WELL_KNOWN}${path}`, { headers: host }), 200));
  expect(document['resource']).toBe(`${new URL(publicUrl).origin}${path}`);
  await known.close();
});

test('PRM-01 Document at the path-inserted URL: behind a proxy that ends TLS, and for each of several servers', async () => {
  const upstream = { url: site.spy.url };
  const several = await startPublicSite(`${PUBLIC}/x`, {
    behindProxy: { trusted: ['127.0.0.1'] },
    upstream: undefined,
    servers: { files: { upstream, tools: { echo: { scopes: ['f'] } } }, db: { upstream, tools: { q: {} } } },
    auth: { issuers: { id: { issuer: issuer.url } } },
  });
  const headers = { Host: 'mcp.example.com', 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.9' };
  for (const [name, scopes] of [
    ['files', ['f']],
    ['db', undefined],
  ] as const) {
    const document = documentOf(await send(several, read(`${WELL_KNOWN}/x/${name}/mcp`, { headers })));
    expect(document).toMatchObject({ resource: `${PUBLIC}/x/${name}/mcp`, resource_name: name });
    expect(document['scopes_supported']).toEqual(scopes);
    const refused = await send(several, { target: `/x/${name}/mcp`, token: null, headers });
    expect(readChallenge(refused)).toEqual({ resource_metadata: `${PUBLIC}${WELL_KNOWN}/x/${name}/mcp` });
  }
  await several.close();
});

test('PRM-02 Challenge URL resolves', async () => {
  const garbage = { token: 'garbage' };
  const calls: readonly Call[] = [
    { token: null },
    garbage,
    { ...garbage, method: 'GET', headers: { Accept: 'text/event-stream' } },
    { ...garbage, method: 'DELETE' },
    { tool: 'write_file' },
  ];
  for (const call of calls) {
    const challenge = readChallenge(await expectRefused(site, call, call.tool === undefined ? 401 : 403));
    const url = new URL(challenge['resource_metadata'] ?? '');
    expect(url.origin).toBe(new URL(site.gateway.url).origin);
    const document = documentOf(await expectRefused(site, read(url.pathname), 200));
    expect(document['resource']).toBe(site.gateway.url);
  }
});

test('PRM-03 Root document', async () => {
  await expectRefused(site, read(WELL_KNOWN), 404);
  await expectRefused(site, read(`${WELL_KNOWN}/`), 404);
  // What clients do that have no challenge to go by: the path first, the root when that is not there.
  const found: string[] = [];
  for (const target of [`${WELL_KNOWN}/mcp`, WELL_KNOWN]) {
    const answer = await send(site, read(target));
    if (answer.status === 200) found.push(documentOf(answer)['resource'] as string);
  }
  expect(found).toEqual([site.gateway.url]);
});

test('PRM-04 Contents', async () => {
  const document = documentOf(await send(site, read(`${WELL_KNOWN}/mcp`)));
  expect(document['bearer_methods_supported']).toEqual(['header']);
  expect(document['scopes_supported']).toEqual(['file:read', 'file:write', 'secret:read']);
  for (const [name, value] of Object.entries(document)) {
    expect({ name, empty: Array.isArray(value) && value.length === 0 }).toEqual({ name, empty: false });
    expect({ name, text: JSON.stringify(value) }).not.toMatchObject({
      text: expect.stringMatching(/"none"|offline_access|"\*"/),
    });
  }
});

test('PRM-04 Contents: scopes of rules that nobody sees are nobody’s business, and nothing is listed where nothing is', async () => {
  const bare = await startBareSite({
    tools: {
      open: {},
      secret: { hidden: true, scopes: ['internal:x'] },
      never: { deny: true, scopes: ['internal:y'] },
    },
    scopes: { admin: { implies: ['internal:x'] } },
  });
  const document = documentOf(await send(bare, read(`${WELL_KNOWN}/mcp`)));
  expect(Object.keys(document).toSorted()).toEqual(['bearer_methods_supported', 'resource', 'resource_name']);
  await bare.close();
});

test('PRM-05 Host poisoning', async () => {
  for (const host of ['evil.example', 'evil.example:443', 'mcp.example.com.evil.example', '127.0.0.1.evil.example']) {
    for (const call of [read(`${WELL_KNOWN}/mcp`), { token: null }]) {
      const answer = await expectRefused(site, { ...call, headers: { Host: host } }, [400, 403, 421]);
      expect(JSON.stringify(answer)).not.toContain('evil.example');
    }
  }
  const { site: known, host } = await startPublic(PUBLIC);
  // By whichever of its names it is asked, it says the public one.
  for (const headers of [host, {}] as const) {
    const answer = await send(known, read(`${WELL_KNOWN}/mcp`, { headers: headers ?? {} }));
    expect(documentOf(answer)['resource']).toBe(`${PUBLIC}/mcp`);
    const challenge = readChallenge(await send(known, { token: null, headers: headers ?? {} }));
    expect(challenge['resource_metadata']).toBe(`${PUBLIC}${WELL_KNOWN}/mcp`);
  }
  await known.close();
});

test('PRM-06 Forwarded-host poisoning', async () => {
  const [plain, refused] = [await send(site, read(`${WELL_KNOWN}/mcp`)), await send(site, { token: null })];
  const lies: Call['headers'] = {
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'http',
    'X-Forwarded-Prefix': '/evil',
    'X-Forwarded-Port': '666',
    'X-Original-URL': '/evil',
    Forwarded: 'host=evil.example;proto=http',
  };
  const told = await expectRefused(site, read(`${WELL_KNOWN}/mcp`, { headers: lies }), 200);
  expect(told.body).toBe(plain.body);
  const challenged = await expectRefused(site, { token: null, headers: lies }, 401);
  expect(headerValues(challenged, 'www-authenticate')).toEqual(headerValues(refused, 'www-authenticate'));
  expect(JSON.stringify([told, challenged])).not.toContain('evil');
});

test('PRM-06 Forwarded-host poisoning: a proxy that is trusted says who called, never who we are', async () => {
  const { site: known, host = {} } = await startPublic(PUBLIC, { behindProxy: { trusted: ['127.0.0.1'] } });
  const headers = { ...host, 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil.example' };
  const answer = await send(known, read(`${WELL_KNOWN}/mcp`, { headers }));
  expect(documentOf(answer)['resource']).toBe(`${PUBLIC}/mcp`);
  expect(JSON.stringify([answer, await send(known, { token: null, headers })])).not.toContain('evil');
  await known.close();
});

test('PRM-01 Document at the path-inserted URL: any web page may read it, and only an allowed one a challenge', async () => {
  await expectUpstreamUntouched(site, async () => {
    for (const origin of ['https://evil.example', 'null']) {
      const answer = await send(site, read(`${WELL_KNOWN}/mcp`, { headers: { Origin: origin } }));
      expect(answer.status).toBe(200);
      expect(headerValues(answer, 'access-control-allow-origin')).toEqual(['*']);
      expect(headerValues(answer, 'access-control-allow-credentials')).toEqual([]);
      const asked = {
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'mcp-protocol-version',
      };
      const preflight = { method: 'OPTIONS', headers: { Origin: origin, ...asked } };
      const granted = await send(site, read(`${WELL_KNOWN}/mcp`, preflight));
      expect(granted.status).toBe(204);
      expect(headerValues(granted, 'access-control-allow-origin')).toEqual(['*']);
      expect(headerValue(granted, 'access-control-allow-methods')).toBe('GET, HEAD');
      expect(headerValue(granted, 'access-control-allow-headers')?.toLowerCase()).not.toContain('authorization');
      for (const target of ['/healthz', '/mcp', '/nothing'])
        expect((await send(site, read(target, { headers: { Origin: origin } }))).status).toBe(403);
      const refused = await send(site, { token: null, headers: { Origin: origin } });
      expect([refused.status, headerValues(refused, 'www-authenticate')]).toEqual([403, []]);
    }
    const allowed = await send(site, { token: null, headers: { Origin: APP } });
    expect(allowed.status).toBe(401);
    expect(headerValues(allowed, 'access-control-allow-origin')).toEqual([APP]);
    expect(headerValue(allowed, 'access-control-expose-headers')).toContain('WWW-Authenticate');
    expect(json(allowed).error?.code).toBe(401);
  });
});
