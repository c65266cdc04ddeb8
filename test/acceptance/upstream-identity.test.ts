import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream, type SpiedRequest, type SpyUpstream } from '../fixtures/spy-upstream.ts';
import {
  copyStore,
  initializeCall,
  legacyCall,
  modernCall,
  openSession,
  send,
  startSite,
  type Site,
} from './harness.ts';

const HEADER = 'latchkey-identity';

let spy: SpyUpstream;
let site: Site;
let keys: JSONWebKeySet;
let origin: string;

beforeAll(async () => {
  spy = await startSpyUpstream();
  site = await startSite({ upstream: { url: spy.url, identity: {} }, auth: { anonymous: { scopes: [] } } });
  origin = new URL(site.gateway.url).origin;
  keys = await readKeys(origin);
});
beforeEach(() => spy.reset());
afterAll(async () => {
  await site.close();
  await spy.close();
});

async function readKeys(from: string): Promise<JSONWebKeySet> {
  const answer = await fetch(`${from}/.latchkey/jwks`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json');
  return (await answer.json()) as JSONWebKeySet;
}

/** All values that a server could take for the header, whatever it makes of `-`, `_` and case. */
function identitiesIn({ rawHeaders }: SpiedRequest): readonly string[] {
  return rawHeaders.filter(
    (_, at) => rawHeaders[at - 1]?.toLowerCase().replaceAll('_', '-') === HEADER && at % 2 === 1,
  );
}

function identities(): readonly string[] {
  expect(spy.requests.length).toBeGreaterThan(0);
  return spy.requests.map((request) => {
    const [only, ...more] = identitiesIn(request);
    expect(more).toEqual([]);
    return only ?? '';
  });
}

const verify = (jwt: string, currentDate = new Date()) =>
  jwtVerify(jwt, createLocalJWKSet(keys), {
    issuer: origin,
    audience: spy.url,
    typ: 'latchkey-identity+jwt',
    algorithms: ['ES256'],
    requiredClaims: ['sub', 'iat', 'exp'],
    currentDate,
  });

test('the identity header verifies against the published keys, in both eras and for every kind of request', async () => {
  const session = await openSession(site);
  const streams = { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': session };
  const calls = [
    {},
    modernCall('tools/list'),
    modernCall('server/discover'),
    initializeCall(),
    legacyCall('tools/call', { name: 'echo', arguments: {} }, session),
    { method: 'DELETE', headers: streams },
  ];
  for (const call of calls) {
    spy.reset();
    await send(site, call);
    for (const jwt of identities()) {
      const { payload } = await verify(jwt);
      expect(payload).toMatchObject({ kind: 'token', name: 'alice-read', scope: 'file:read' });
      expect(payload.sub).toMatch(/^token:/);
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
      expect(Object.keys(payload).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'kind', 'name', 'scope', 'sub']);
    }
  }
});

test('an identity is over after a minute, is for one server, and is no other kind of token', async () => {
  await send(site);
  const jwt = identities().at(-1) ?? '';
  await expect(verify(jwt, new Date(Date.now() + 62_000))).rejects.toThrow('exp');
  const publicKeys = createLocalJWKSet(keys);
  await expect(jwtVerify(jwt, publicKeys, { audience: 'https://other.example/mcp' })).rejects.toThrow('aud');
  await expect(jwtVerify(jwt, publicKeys, { typ: 'at+jwt' })).rejects.toThrow('typ');
  const [head, body, signature = ''] = jwt.split('.');
  const changed = Buffer.from(JSON.stringify({ ...decodeJwt(jwt), sub: 'token:admin' })).toString('base64url');
  await expect(verify(`${head}.${changed}.${signature}`)).rejects.toThrow('signature');
  await expect(verify(`${head}.${body}.${signature.toLowerCase()}`)).rejects.toThrow('signature');
  // Nor is it a credential here.
  expect((await send(site, { token: jwt })).status).toBe(401);
});

test('NET-16 copies of the identity header that a client sends never pass, in any spelling', async () => {
  const forged = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.forged';
  const names = [
    'Latchkey-Identity',
    'latchkey-identity',
    'LATCHKEY-IDENTITY',
    'Latchkey_Identity',
    'latchkey_identity',
  ];
  const more = ['Latchkey-Identity2', 'HTTP_LATCHKEY_IDENTITY', 'X-Latchkey-Identity', 'Latchkey-identity'];
  for (const name of [...names, ...more]) {
    for (const value of [forged, [forged, forged]]) {
      spy.reset();
      const answer = await send(site, { headers: { [name]: value } });
      expect(answer.status).toBe(200);
      expect(spy.bytes()).not.toContain(forged);
      for (const jwt of identities()) expect((await verify(jwt)).payload['name']).toBe('alice-read');
    }
  }
  spy.reset();
  const dropped = await send(site, { headers: { Connection: 'keep-alive, Latchkey-Identity' } });
  expect(dropped.status).toBe(400);
  expect(spy.bytes()).toBe('');
});

test('each caller has an identity of its own, and a caller without a credential is said to be one', async () => {
  const { aliceRead, aliceWrite, bob, admin } = site.tokens;
  const names = new Map([
    [aliceRead, 'alice-read'],
    [aliceWrite, 'alice-write'],
    [bob, 'bob'],
    [admin, 'admin'],
  ]);
  for (let round = 0; round < 3; round += 1) {
    const answers = [...names].map(async ([token, name], at) => {
      const text = `${round} of ${name}`;
      return send(site, { token, id: at, args: { text } });
    });
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  }
  const called = spy.requests.filter(({ body }) => body.includes('"tools/call"'));
  expect(called).toHaveLength(12);
  for (const request of called) {
    const [jwt = ''] = identitiesIn(request);
    expect(request.body).toContain(` of ${String(decodeJwt(jwt)['name'])}"`);
  }
  expect(new Set(called.map((request) => decodeJwt(identitiesIn(request)[0] ?? '').sub)).size).toBe(4);
  // One signature serves a caller for a while.
  expect(new Set(called.map((request) => identitiesIn(request)[0])).size).toBe(4);
  spy.reset();
  await send(site, { ...modernCall('tools/list'), token: null });
  expect((await verify(identities()[0] ?? '')).payload).toMatchObject({
    sub: 'anonymous',
    kind: 'anonymous',
    scope: '',
  });
});

test('the published keys are this epoch, the one before and the next, and no private part', async () => {
  expect(keys.keys).toHaveLength(3);
  for (const key of keys.keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  await send(site);
  const { kid } = decodeProtectedHeader(identities()[0] ?? '');
  expect(keys.keys[1]?.kid).toBe(kid);
});

test('gateways with the same store sign with the same keys, and others with others', async () => {
  const store = await copyStore(site.gateway.store);
  const upstream = { url: spy.url, identity: { header: 'X-Who', audience: 'urn:inner' } };
  const [twin, stranger] = await Promise.all([
    startLatchkey({ config: { upstream, store } }),
    startLatchkey({ config: { upstream } }),
  ]);
  try {
    expect(await readKeys(new URL(twin.url).origin)).toEqual(keys);
    expect(await readKeys(new URL(stranger.url).origin)).not.toEqual(keys);
    spy.reset();
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    const type = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    await fetch(stranger.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${stranger.token}`, ...type },
      body,
    });
    const who = spy.requests[0]?.rawHeaders ?? [];
    const jwt = who[who.indexOf('x-who') + 1] ?? '';
    const theirs = createLocalJWKSet(await readKeys(new URL(stranger.url).origin));
    expect((await jwtVerify(jwt, theirs, { audience: 'urn:inner' })).payload).toMatchObject({ scope: '*' });
    await expect(verify(jwt)).rejects.toThrow('no applicable key');
  } finally {
    await twin.close();
    await stranger.close();
  }
});

test('the key set is not there, and no header is sent, unless a server is told who asks', async () => {
  const plain = await startSite();
  try {
    const answer = await fetch(`${new URL(plain.gateway.url).origin}/.latchkey/jwks`);
    expect(answer.status).toBe(404);
    await send(plain, { headers: { 'Latchkey-Identity': 'forged' } });
    expect(plain.spy.bytes().toLowerCase()).not.toContain(HEADER);
  } finally {
    await plain.close();
  }
});
