import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGuardedUpstream, type GuardedUpstream } from '../fixtures/guarded-upstream.ts';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../fixtures/scripted-upstream.ts';
import { initializeCall, modernCall, send, type Call } from './harness.ts';

const CLIENT_SECRET = 'S3cretOfTheClient-4711';
const CLIENT = { id: 'gateway', secret: { env: 'UPSTREAM_CLIENT_SECRET' } };
const METADATA = '/.well-known/oauth-protected-resource/mcp';

interface Wrong {
  readonly title: string;
  readonly status: number;
  /** What the trail says. */
  readonly detail: string;
  readonly metadata?: (url: string) => object;
  readonly challenge?: () => string;
}

const ANOTHER = 'the resource metadata of the server are for another resource; see upstream.auth.resource';
const ASTRAY = 'the server names authorization servers that are not https';
const NOBODY = 'the resource metadata of the server name no authorization server';

const anotherResource = (what: string, toResource: (url: string) => unknown): Wrong => ({
  title: `PRM-12 As a client of upstream PRM: the resource is ${what}`,
  status: 502,
  detail: ANOTHER,
  metadata: (url) => ({ resource: toResource(url), authorization_servers: [issuer.url] }),
});
const issuerAt = (place: string): Wrong => ({
  title: `UP-16 As OAuth client: an authorization server at "${place}" is not asked`,
  status: 502,
  detail: ASTRAY,
  metadata: (url) => ({ resource: url, authorization_servers: [place] }),
});
const namesNobody = (members: object): Wrong => ({
  title: `UP-16 As OAuth client: metadata that name nobody: ${JSON.stringify(members)}`,
  status: 502,
  detail: NOBODY,
  metadata: (url) => ({ resource: url, ...members }),
});

const WRONG: readonly Wrong[] = [
  anotherResource('of somebody else', () => 'https://evil.example.com/mcp'),
  anotherResource('the origin', (url) => new URL(url).origin),
  anotherResource('with a slash more', (url) => `${url}/`),
  anotherResource('in another case', (url) => url.toUpperCase()),
  anotherResource('with another spelling of the host', (url) => url.replace('127.0.0.1', 'localhost')),
  anotherResource('with a query', (url) => `${url}?a=b`),
  anotherResource('a list', (url) => [url]),
  anotherResource('missing', () => undefined),
  {
    title: 'PRM-12 As a client of upstream PRM: the metadata are somewhere else',
    status: 502,
    detail: 'the server says that its resource metadata are somewhere else than on it',
    challenge: () => `Bearer resource_metadata="http://127.0.0.1:${elsewhere.port}${METADATA}"`,
  },
  {
    title: 'UP-14 As OAuth client: the metadata of the issuer are of another',
    status: 503,
    detail: 'no metadata',
    metadata: (url) => ({ resource: url, authorization_servers: [impostor.url] }),
  },
  issuerAt('javascript:alert(1)'),
  issuerAt('file:///etc/passwd'),
  issuerAt('http://169.254.169.254/latest/meta-data'),
  issuerAt('http://10.0.0.1/'),
  issuerAt('https://user:pw@issuer.example/'),
  issuerAt('https://issuer.example/?tenant=evil'),
  issuerAt('https://issuer.example/#evil'),
  issuerAt('data:text/html,evil'),
  issuerAt(''),
  namesNobody({}),
  namesNobody({ authorization_servers: [] }),
  namesNobody({ authorization_servers: 'https://issuer.example' }),
];

let issuer: TestIssuer;
/** Whose metadata say that it is somebody else. */
let impostor: TestIssuer;
/** Where a gateway that can be led astray would go. */
let elsewhere: ScriptedUpstream;
let gateway: Latchkey;
const upstreams: GuardedUpstream[] = [];

/** One gateway before a server for each of the mistakes, and three that make none. */
const RIGHT = ['right', 'silent', 'moving'] as const;

beforeAll(async () => {
  issuer = await startIssuer();
  impostor = await startIssuer({ metadata: { issuer: 'https://issuer.example' } });
  elsewhere = await startScriptedUpstream(null);
  issuer.answer('/token', () => ({ access_token: 'token-of-the-upstream', token_type: 'Bearer', expires_in: 3600 }));
  for (const _ of [...WRONG, ...RIGHT]) upstreams.push(await startGuardedUpstream([issuer.url]));
  for (const [at, { metadata, challenge }] of WRONG.entries()) {
    const upstream = upstreams[at] as GuardedUpstream;
    if (metadata !== undefined) upstream.documents.set(METADATA, metadata(upstream.url));
    if (challenge !== undefined) upstream.challenge = challenge();
  }
  upstreamOf('silent').challenge = 'Bearer';
  const servers = upstreams.map(({ url }, at) => {
    const upstream = { url, auth: { clientCredentials: { client: CLIENT } } };
    return [at < WRONG.length ? `wrong-${at}` : RIGHT[at - WRONG.length], { upstream }] as const;
  });
  gateway = await startLatchkey({
    config: { servers: Object.fromEntries(servers) },
    env: { UPSTREAM_CLIENT_SECRET: CLIENT_SECRET, LATCHKEY_LOG: 'debug' },
  });
});
afterAll(async () => {
  await gateway.close();
  for (const upstream of upstreams) await upstream.close();
  await issuer.close();
  await impostor.close();
  await elsewhere.close();
});

function upstreamOf(name: (typeof RIGHT)[number]): GuardedUpstream {
  return upstreams[WRONG.length + RIGHT.indexOf(name)] as GuardedUpstream;
}

function ask(server: string, call: Call = {}) {
  return send({ gateway, tokens: { aliceRead: gateway.token } }, { ...call, target: `/${server}/mcp` });
}

test('nobody is asked before the first call', () => {
  expect(issuer.requests).toEqual([]);
  for (const upstream of upstreams) expect([upstream.requests, upstream.paths]).toEqual([[], []]);
});

test.each(WRONG.map((wrong, at) => [wrong.title, wrong, at] as const))('%s', async (_title, wrong, at) => {
  const upstream = upstreams[at] as GuardedUpstream;
  const tokensBefore = issuer.countOf('/token');
  for (const call of [{}, initializeCall(), modernCall('tools/list'), {}]) {
    const answer = await ask(`wrong-${at}`, call);
    expect(answer.status).toBe(wrong.status);
    expect(JSON.stringify(answer)).not.toMatch(/evil|metadata|authorization server|issuer/);
  }
  // No token was asked for or sent, and what a caller asked stayed here.
  expect(issuer.countOf('/token')).toBe(tokensBefore);
  expect(impostor.countOf('/token')).toBe(0);
  expect(upstream.callers()).toEqual([]);
  expect(upstream.requests.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
  expect(elsewhere.connections()).toBe(0);
  await expect
    .poll(() => gateway.command('trail', '--json'), { timeout: 15_000, interval: 500 })
    .toContain(wrong.detail);
  expect(gateway.talk()).toContain(wrong.detail);
});

test('PRM-12 As a client of upstream PRM: such an upstream is marked as failed and not asked again', async () => {
  const [upstream] = upstreams;
  expect((await ask('wrong-0')).status).toBe(502);
  const asked = upstream?.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect((await ask('wrong-0')).status).toBe(502);
  expect(upstream?.requests.length).toBe(asked);
});

test('the token server is found as an MCP client finds it', async () => {
  const upstream = upstreamOf('right');
  expect((await ask('right')).status).toBe(200);
  expect((await ask('right', modernCall('tools/list'))).status).toBe(200);
  expect(upstream.paths).toEqual([METADATA]);
  const form = new URLSearchParams(issuer.requests.findLast(({ path }) => path === '/token')?.body);
  expect(form.get('resource')).toBe(upstream.url);
  expect(new Set(upstream.callers().map(({ authorization }) => authorization))).toEqual(
    new Set(['Bearer token-of-the-upstream']),
  );
});

test('the metadata are found at the well-known place of an upstream that does not say where they are', async () => {
  expect((await ask('silent')).status).toBe(200);
  expect(upstreamOf('silent').paths).toEqual([METADATA]);
});

test('UP-15 As OAuth client: credentials keyed by issuer', async () => {
  const other = await startIssuer();
  other.answer('/token', () => ({ access_token: 'other', token_type: 'Bearer' }));
  const upstream = upstreamOf('moving');
  expect((await ask('moving')).status).toBe(200);
  // The upstream takes no token of the issuer any more and names another: that one never hears of the client.
  upstream.documents.set(METADATA, { resource: upstream.url, authorization_servers: [other.url] });
  upstream.accepts = (token) => token === 'other';
  await new Promise((resolve) => setTimeout(resolve, 2100));
  for (let at = 0; at < 5; at += 1) expect((await ask('moving')).status).toBe(502);
  expect(other.requests).toEqual([]);
  await other.close();
});

test('the secret of the client is in no answer, no line of the log and not in the trail', async () => {
  const said = gateway.talk() + (await gateway.command('trail', '--json'));
  expect(said).toContain(ANOTHER);
  for (const secret of [CLIENT_SECRET, 'token-of-the-upstream']) expect(said).not.toContain(secret);
});
