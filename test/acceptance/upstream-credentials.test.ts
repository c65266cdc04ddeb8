import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startGuardedUpstream, type GuardedUpstream } from '../fixtures/guarded-upstream.ts';
import { startIssuer, type IssuerRequest, type TestIssuer } from '../fixtures/issuer.ts';
import type { Fault } from '../fixtures/issuer-faults.ts';
import { ranBy } from './answers.ts';
import { callBody, legacyCall, modernCall, openSession, send, startSite, type Site } from './harness.ts';
import { waitForRecord } from './trail-records.ts';

const CLIENT_SECRET = 'S3cret:of the client/4711';
const LIMITS = { requestsPerAddress: '100000/min', callsPerCredential: '100000/min' };

let issuer: TestIssuer;
let upstream: GuardedUpstream;
let site: Site;
/** Tokens as they were issued, oldest first. */
const issued: string[] = [];

beforeAll(async () => {
  issuer = await startIssuer();
  upstream = await startGuardedUpstream();
  const client = { id: 'the gateway', secret: { env: 'UPSTREAM_CLIENT_SECRET' } };
  const auth = { clientCredentials: { issuer: issuer.url, client, scopes: ['mcp:use', 'mcp:read'] } };
  site = await startSite(
    { upstream: { url: upstream.url, auth }, limits: LIMITS },
    { UPSTREAM_CLIENT_SECRET: CLIENT_SECRET, LATCHKEY_LOG: 'debug' },
  );
});
beforeEach(() => {
  issuer.fault('/token', 'none');
  issuer.answer('/token', issueToken);
  upstream.accepts = (token) => token === issued.at(-1);
  upstream.refusalStatus = 401;
  upstream.reset();
});
afterAll(async () => {
  await site.close();
  await upstream.close();
  await issuer.close();
});

function issueToken(): object {
  issued.push(`up.${issued.length}-T0ken_of~the+upstream/=`);
  return { access_token: issued.at(-1), token_type: 'bearer', expires_in: 3600 };
}

const tokenRequests = (): readonly IssuerRequest[] => issuer.requests.filter(({ path }) => path === '/token');

/** Nothing works any more, and the gateway was not asked to get a token for two seconds. */
async function loseToken(): Promise<void> {
  upstream.accepts = () => false;
  await expect.poll(async () => (await send(site)).status, { timeout: 10_000 }).toBe(502);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  upstream.reset();
}

/** A call works once the issuer may be asked again. */
async function expectServed(): Promise<void> {
  await expect.poll(async () => (await send(site)).status, { timeout: 10_000, interval: 200 }).toBe(200);
}

test('one token serves all callers, asked for once and as RFC 6749 and RFC 8707 have it', async () => {
  const session = await openSession(site);
  const before = tokenRequests().length;
  const calls = [
    ...Array.from({ length: 40 }, (_, at) => ({ id: at, token: at % 2 ? site.tokens.bob : site.tokens.aliceRead })),
    modernCall('tools/list'),
    legacyCall('tools/call', { name: 'echo', arguments: {} }, session),
  ];
  const answers = await Promise.all(calls.map((call) => send(site, call)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(before).toBe(1);
  expect(tokenRequests()).toHaveLength(1);
  const [request] = tokenRequests();
  const form = Object.fromEntries(new URLSearchParams(request?.body));
  expect(form).toEqual({ grant_type: 'client_credentials', scope: 'mcp:use mcp:read', resource: upstream.url });
  expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  const pair = Buffer.from(request?.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString();
  expect(pair).toBe('the+gateway:S3cret%3Aof+the+client%2F4711');
  expect(new Set(upstream.requests.map(({ authorization }) => authorization))).toEqual(
    new Set([`Bearer ${issued[0]}`]),
  );
});

test('what a client sends as Authorization never arrives beside the token of the gateway', async () => {
  for (const headers of [
    { Authorization: `bearer ${site.tokens.aliceRead}` },
    { Authorization: null, 'X-API-Key': site.apiKey },
    { Authorization_: 'Bearer forged', 'Proxy-Authorization': 'Bearer forged', AUTHORIZATION_X: 'forged' },
  ])
    expect((await send(site, { headers })).status).toBe(200);
  for (const { rawHeaders, body } of upstream.callers()) {
    const text = `${rawHeaders.join('\n')}\n${body}`;
    expect(text.match(/authorization/gi)).toHaveLength(1);
    for (const secret of [site.tokens.aliceRead, site.apiKey, 'forged']) expect(text).not.toContain(secret);
  }
});

test('a token that the upstream takes no more is replaced, and the same bytes are sent once again', async () => {
  await expectServed();
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const revoked = issued.at(-1);
  upstream.accepts = (token) => token !== revoked;
  upstream.reset();
  const before = tokenRequests().length;
  const calls = Array.from({ length: 10 }, (_, at) => ({ id: `again-${at}`, args: { text: `t${at}` } }));
  const answers = await Promise.all(calls.map((call) => send(site, call)));
  expect(answers.map(({ status }) => status)).toEqual(calls.map(() => 200));
  expect(answers.map((answer) => ranBy(answer).args)).toEqual(calls.map(({ args }) => args));
  expect(tokenRequests().length - before).toBe(1);
  for (const call of calls) {
    const sent = upstream.callers().filter(({ body }) => body === callBody(call));
    expect(sent.length).toBeLessThanOrEqual(2);
    expect(sent.at(-1)?.authorization).toBe(`Bearer ${issued.at(-1)}`);
  }
});

test('an upstream that takes no token at all gives 502, and the issuer is not flooded', async () => {
  await expectServed();
  upstream.accepts = () => false;
  const before = tokenRequests().length;
  const started = Date.now();
  for (let at = 0; at < 60; at += 1) {
    const answer = await send(site, { id: at });
    expect(answer.status).toBe(502);
    expect(answer.headers.find(([name]) => name.toLowerCase() === 'www-authenticate')).toBeUndefined();
  }
  const most = 1 + Math.ceil((Date.now() - started) / 2000);
  expect(tokenRequests().length - before).toBeLessThanOrEqual(most);
  const detail = 'the server does not take the token it was sent; see upstream.auth';
  await waitForRecord(site, { reason: 'upstream-invalid', status: 502, detail });
});

test('an upstream that wants more scopes gives 502, tells the operator, and is not asked again', async () => {
  await expectServed();
  upstream.accepts = () => false;
  upstream.refusalStatus = 403;
  const challenge = upstream.challenge;
  upstream.challenge = 'Bearer error="insufficient_scope", scope="canary-scope"';
  upstream.reset();
  const before = tokenRequests().length;
  const answer = await send(site);
  upstream.challenge = challenge;
  expect(answer.status).toBe(502);
  expect(JSON.stringify(answer)).not.toMatch(/canary-scope|insufficient_scope/);
  expect(upstream.callers().filter(({ body }) => body.includes('tools/call'))).toHaveLength(1);
  expect(tokenRequests().length).toBe(before);
  await waitForRecord(site, { status: 502, detail: 'the server wants a token with more scopes; see upstream.auth' });
});

const FAULTS: readonly Fault[] = ['refuse', 'error', 'garbage', 'redirect', 'hang'];

test.each(FAULTS)('without a token nothing is sent: %s', async (kind) => {
  await loseToken();
  issuer.fault('/token', kind);
  // The token that was refused is still there until the upstream has refused it once more.
  await expect.poll(async () => (await send(site)).status, { timeout: 20_000, interval: 300 }).toBe(503);
  upstream.reset();
  const answer = await send(site);
  expect(answer.status).toBe(503);
  expect(answer.headers.find(([name]) => name.toLowerCase() === 'retry-after')).toBeDefined();
  expect(upstream.requests).toEqual([]);
  issuer.fault('/token', 'none');
  upstream.accepts = (token) => token === issued.at(-1);
  await expectServed();
});

test('an issuer that refuses the client gives 502, and the caller none of its words', async () => {
  await loseToken();
  issuer.answer('/token', Response.json({ error: 'invalid_scope', error_description: 'canary-text' }, { status: 400 }));
  await send(site);
  upstream.reset();
  const refused = await send(site);
  expect(refused.status).toBe(502);
  expect(JSON.stringify(refused)).not.toMatch(/canary|invalid_scope/);
  expect(upstream.requests).toEqual([]);
  await waitForRecord(site, { detail: 'the issuer gives no token (invalid_scope); see upstream.auth' });
});

test('tokenUrl, audience and resource are what the configuration says, and no metadata are asked for', async () => {
  const asked: Record<string, string>[] = [];
  issuer.answer('/elsewhere', ({ body }: IssuerRequest) => {
    asked.push(Object.fromEntries(new URLSearchParams(body)));
    return issueToken();
  });
  const client = { id: 'gateway', auth: 'client_secret_post', secret: { env: 'UPSTREAM_CLIENT_SECRET' } };
  const grant = { tokenUrl: `${issuer.origin}/elsewhere`, client, audience: 'urn:inner' };
  const before = issuer.requests.length;
  for (const resource of [false, 'https://inner.example/mcp'] as const) {
    upstream.reset();
    const auth = { clientCredentials: { ...grant, resource } };
    const own = await startSite(
      { upstream: { url: upstream.url, auth }, limits: LIMITS },
      { UPSTREAM_CLIENT_SECRET: CLIENT_SECRET },
    );
    expect((await send(own)).status).toBe(200);
    await own.close();
  }
  const form = { grant_type: 'client_credentials', audience: 'urn:inner', client_id: 'gateway' };
  expect(asked).toEqual([
    { ...form, client_secret: CLIENT_SECRET },
    { ...form, client_secret: CLIENT_SECRET, resource: 'https://inner.example/mcp' },
  ]);
  expect(new Set(issuer.requests.slice(before).map(({ path }) => path))).toEqual(new Set(['/elsewhere']));
});

test('neither the secret of the client nor a token is in an answer, a line of the log or the trail', async () => {
  const trail = await site.gateway.command('trail', '--json');
  const said = site.gateway.talk() + trail;
  expect(trail).toContain('"allowed"');
  expect(issued.length).toBeGreaterThan(3);
  for (const secret of [CLIENT_SECRET, encodeURIComponent(CLIENT_SECRET), ...issued])
    expect(said).not.toContain(secret);
});
