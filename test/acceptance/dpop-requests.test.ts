import { freePort } from '../fixtures/free-port.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEvents } from '../fixtures/event-stream.ts';
import { headerValue } from '../fixtures/raw-http.ts';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import {
  boundTo,
  challengesOf,
  client,
  dpopCall,
  expectProofChallenge,
  expectProofsRefused,
  otherClient,
  proofFor,
  sendProved,
} from './dpop-site.ts';
import {
  callsSeen,
  expectUpstreamUntouched,
  initializeCall,
  legacyCall,
  requestBytes,
  send,
  startEverySite,
  startSite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';
import { NO_LIMITS, startJwtSite, type JwtSite } from './jwt-site.ts';
import { getCall, postCall, toolCall } from './sse-client.ts';

let issuer: TestIssuer;
let http: Site;
let sites: readonly Site<Spy>[];
/** Before each kind of upstream, and one in the address that the internet knows it by. */
let named: JwtSite;
beforeAll(async () => {
  issuer = await startIssuer();
  const listen = `127.0.0.1:${await freePort()}`;
  const auth = { issuers: { test: { issuer: issuer.url } } };
  const proxied = { publicUrl: 'https://mcp.example/base', behindProxy: { trusted: ['127.0.0.1'] } };
  const [every, behind] = await Promise.all([
    startEverySite({ auth, limits: NO_LIMITS, compat: { rest: true } }),
    startJwtSite({ config: { ...proxied, listen } }),
  ]);
  sites = every;
  named = { ...behind, gateway: { ...behind.gateway, url: `http://${listen}/base/mcp` } };
  http = sites[0] as Site;
}, 180_000);
afterAll(async () => {
  await Promise.all([...sites, named].map((site) => site.close()));
  await issuer.close();
});

const mintFor = (site: Site<Spy>, claims: object = {}): Promise<string> =>
  issuer.accessToken({ aud: site.gateway.url, scope: 'file:read', ...boundTo(client), ...claims });
const urlOf = (site: Site<Spy>, target: string): string => new URL(target, site.gateway.url).href;

test('DPOP-05 htm and htu', async () => {
  const token = await mintFor(http);
  const { url } = http.gateway;
  const { port, origin } = new URL(url);
  const proved = (change: object): Call => dpopCall(token, proofFor(http, { token, ...change }));
  await expectProofsRefused(http, {
    'a proof for GET': proved({ method: 'GET' }),
    'a method in lower case': proved({ method: 'post' }),
    'another path': proved({ url: `${origin}/other` }),
    'a slash behind': proved({ url: `${url}/` }),
    'a path in capitals': proved({ url: `${origin}/MCP` }),
    'a path below': proved({ url: `${url}/tools` }),
    'a coded slash': proved({ url: `${origin}%2Fmcp` }),
    'a parameter of the path': proved({ url: `${url};x` }),
    'another host': proved({ url: `http://evil.example:${port}/mcp` }),
    'another name of this host': proved({ url: `http://localhost:${port}/mcp` }),
    'this address in another spelling': proved({ url: `http://127.1:${port}/mcp` }),
    'another port': proved({ url: 'http://127.0.0.1/mcp' }),
    'another scheme': proved({ url: `https://127.0.0.1:${port}/mcp` }),
    'a user before the host': proved({ url: `http://127.0.0.1:${port}@evil.example/mcp` }),
    'the path alone': proved({ url: '/mcp' }),
    'a backslash': proved({ url: `${origin}\\mcp` }),
    'a space before': proved({ url: ` ${url}` }),
    'a line behind': proved({ url: `${url}\n` }),
  });
  const alike = {
    'a query': `${url}?a=b`,
    'a fragment': `${url}#there`,
    'a scheme in capitals': url.replace('http', 'HTTP'),
    'a coded letter': `${origin}/%6dcp`,
    'a path with dots': `${origin}/other/../mcp`,
  };
  for (const [name, same] of Object.entries(alike))
    expect([name, (await sendProved(http, token, { url: same })).status]).toEqual([name, 200]);
  const asked = dpopCall(token, proofFor(http, { token }), { target: '/mcp?x=1' });
  expect((await send(http, asked)).status).toBe(200);
});

test('DPOP-05 the URL is the canonical one, whatever the request calls us', async () => {
  const url = 'https://mcp.example/base/mcp';
  const token = await named.mint({ ...boundTo(client), aud: url });
  const through = (proof: string, headers: Record<string, string> = {}): Call =>
    dpopCall(token, proof, {
      target: '/base/mcp',
      headers: { Host: 'mcp.example', 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https', ...headers },
    });
  const proved = (htu: string): string => client.prove({ token, url: htu });
  for (const same of [url, 'https://MCP.Example/base/mcp', 'HTTPS://mcp.EXAMPLE:443/base/mcp', `${url}?q`])
    expect([same, (await send(named, through(proved(same)))).status]).toEqual([same, 200]);
  const forwarded = {
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Prefix': '/evil',
    Forwarded: 'host=evil.example',
  };
  await expectProofsRefused(named, {
    'where it listens': through(proved(named.gateway.url)),
    'without the prefix': through(proved('https://mcp.example/mcp')),
    'without TLS': through(proved('http://mcp.example/base/mcp')),
    'another host': through(proved('https://evil.example/base/mcp')),
    'what the proxy says': through(proved('https://evil.example/base/mcp'), forwarded),
    'what the proxy says, with its prefix': through(proved('https://evil.example/evil/base/mcp'), forwarded),
  });
  expect((await send(named, through(proved(url), forwarded))).status).toBe(200);
});

test('DPOP-02 a proof for each request of a session, over every upstream', async () => {
  for (const site of sites) {
    const token = await mintFor(site);
    const at = (call: Call, change: object = {}): Promise<Awaited<ReturnType<typeof send>>> =>
      sendProved(site, token, { method: call.method ?? 'POST', ...change }, call);
    expect((await at({})).status).toBe(200);
    const opened = await at(initializeCall());
    expect(opened.status).toBe(200);
    const session = headerValue(opened, 'mcp-session-id');
    expect(session).not.toBeNull();
    const ready = { jsonrpc: '2.0', method: 'notifications/initialized' };
    expect((await at({ ...legacyCall('', {}, session), body: JSON.stringify(ready) })).status).toBe(202);
    expect((await at(legacyCall('tools/list', {}, session, 2))).status).toBe(200);
    const ending: Call = { method: 'DELETE', headers: { 'Mcp-Session-Id': session } };
    const listening: Call = { method: 'GET', headers: { 'Mcp-Session-Id': session, Accept: 'text/event-stream' } };
    await expectUpstreamUntouched(site, async () => {
      for (const call of [ending, listening]) {
        expectProofChallenge(await at(call, { method: 'POST' }));
        expectProofChallenge(await send(site, dpopCall(token, null, call)));
      }
    });
    const proof = proofFor(site, { token, method: 'GET' });
    const stream = await openEvents(site.gateway.url, requestBytes(site, dpopCall(token, proof, listening)));
    await stream.started;
    expect(stream.status).toBe(200);
    stream.leave();
    expect((await at(ending)).status).toBeLessThan(300);
    expect(site.spy.bytes()).not.toMatch(/dpop/i);
  }
});

test('DPOP-02 the paths of other transports have URLs of their own', async () => {
  for (const site of sites) {
    const token = await mintFor(site);
    const proofAt = (target: string, method = 'POST'): string =>
      proofFor(site, { token, method, url: urlOf(site, target) });
    const list = { ...getCall('/mcp/tools'), headers: { Accept: 'application/json' } };
    expect((await send(site, dpopCall(token, proofAt('/mcp/tools', 'GET'), list))).status).toBe(200);
    await expectUpstreamUntouched(site, async () => {
      expectProofChallenge(await send(site, dpopCall(token, proofAt('/mcp', 'GET'), list)));
      expectProofChallenge(await send(site, dpopCall(token, proofAt('/mcp', 'GET'), getCall('/sse'))));
    });
    const opening = dpopCall(token, proofAt('/sse', 'GET'), getCall('/sse'));
    const stream = await openEvents(site.gateway.url, requestBytes(site, opening));
    await expect.poll(() => stream.text).toMatch(/^event: endpoint\ndata: \/messages\?/);
    const endpoint = /data: (.+)\n/.exec(stream.text)?.[1] ?? '';
    const initialize = {
      id: 'open',
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    };
    const post = (message: object, proof: string) => send(site, dpopCall(token, proof, postCall(endpoint, message)));
    expect((await post(initialize, proofAt('/messages'))).status).toBe(202);
    await stream.until(({ id }) => id === 'open');
    expect((await post({ method: 'notifications/initialized' }, proofAt('/messages'))).status).toBe(202);
    site.spy.reset();
    expectProofChallenge(await post(toolCall('echo', {}, 'stolen'), proofAt('/mcp')));
    await site.spy.settled?.();
    expect(callsSeen(site)).toEqual([]);
    expect((await post(toolCall('echo', {}, 'mine'), proofAt(endpoint))).status).toBe(202);
    await stream.until(({ id }) => id === 'mine');
    stream.leave();
  }
});

test('DPOP a proof is taken once, of many at the same time too', async () => {
  for (const site of sites) {
    const token = await mintFor(site);
    const proof = proofFor(site, { token });
    expect((await send(site, dpopCall(token, proof))).status).toBe(200);
    await expectProofsRefused(site, {
      again: dpopCall(token, proof),
      'for another call': dpopCall(token, proof, { tool: 'query', args: {} }),
      'with another time': dpopCall(
        token,
        proofFor(site, { token, claims: { ...claimsIn(proof), iat: Math.floor(Date.now() / 1000) - 3 } }),
      ),
    });
    site.spy.reset();
    const racing = proofFor(site, { token });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, id) => send(site, dpopCall(token, racing, { id }))),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401, 401, 401, 401, 401, 401, 401]);
    await site.spy.settled?.();
    expect(callsSeen(site)).toHaveLength(1);
  }
});

test('DPOP a client may use a jti that another one used, and one whose proof was refused', async () => {
  const token = await mintFor(http);
  const claims = { jti: 'the-same-for-both' };
  await expectProofsRefused(http, { refused: dpopCall(token, proofFor(http, { token, method: 'GET', claims })) });
  expect((await sendProved(http, token, { claims })).status).toBe(200);
  const others = await mintFor(http, boundTo(otherClient));
  expect((await sendProved(http, others, { by: otherClient, claims })).status).toBe(200);
});

test('DPOP a browser may send proofs and read nonces', async () => {
  const origin = 'https://app.example';
  const site = await startSite({ origins: [origin], auth: { issuers: { test: { issuer: issuer.url } } } });
  const asked = { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'dpop' };
  const preflight = await send(site, { method: 'OPTIONS', token: null, body: null, headers: asked });
  expect(headerValue(preflight, 'access-control-allow-headers')?.toLowerCase().split(', ')).toContain('dpop');
  const refused = await send(site, { token: null, headers: { Origin: origin } });
  const exposed = headerValue(refused, 'access-control-expose-headers')?.split(', ');
  expect(exposed).toEqual(expect.arrayContaining(['DPoP-Nonce', 'WWW-Authenticate']));
  await site.close();
});

test('DPOP who presents nothing is asked for either scheme, a bearer token first', async () => {
  for (const call of [{}, getCall('/mcp'), getCall('/sse'), { method: 'DELETE' }] as Call[]) {
    const answer = await send(http, { ...call, token: null });
    expect([answer.status, Object.keys(challengesOf(answer))]).toEqual([401, ['Bearer', 'DPoP']]);
  }
});

function claimsIn(proof: string): object {
  return JSON.parse(Buffer.from(proof.split('.')[1] ?? '', 'base64url').toString()) as object;
}
