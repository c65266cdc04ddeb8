import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createLatchkey,
  introspection,
  jwt,
  openStore,
  staticTokens,
  type Guard,
  type Store,
  type StoredLatchkey,
} from '../../packages/latchkey/src/latchkey.ts';
import { startTestIssuer } from '../../packages/latchkey/src/testing.ts';
import { createDpopClient } from '../fixtures/dpop-client.ts';
import { startGuarded, type GuardedServer } from './guarded-server.ts';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const STATIC = 'x9J2kQ0pLmN4vB7zR1tY5wE8';

async function serve(guardFor: (url: string) => Guard, path?: string): Promise<GuardedServer> {
  const server = await startGuarded(guardFor, path);
  onTestFinished(() => server.close());
  return server;
}

describe('a plain Node server with a lock and a store', () => {
  let folder: string;
  let store: Store;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-library-'));
    store = await openStore(folder);
  });
  afterAll(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const trailOf = async (): Promise<readonly Record<string, unknown>[]> =>
    (await store.trail.read({})).records.map(({ json }) => JSON.parse(json) as Record<string, unknown>);

  test('ends all else when the trail cannot be written as it is closed, and says so', async () => {
    let full = false;
    const trail: Store['trail'] = {
      ...store.trail,
      append(lines) {
        if (full) throw new Error('the disk is full');
        return store.trail.append(lines);
      },
    };
    const lock = createLatchkey({
      resource: 'http://127.0.0.1:3000/mcp',
      store: { ...store, trail },
      onError() {},
    });
    const server = await serve(() => lock.protect());
    const { token } = await lock.tokens.create({ name: 'used' });
    expect((await server.ask(bearer(token))).status).toBe(200);
    full = true;
    await expect(lock.close()).rejects.toThrow('the disk is full');
    expect(await store.credentials.findByName('token', 'used')).toMatchObject({ uses: 1 });
  });

  test('lets a token in that it made, until it is rotated, expires or is revoked', async () => {
    let now = Date.now();
    const lock = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', store, now: () => now });
    const server = await serve(() => lock.protect());
    const made = await lock.tokens.create({ name: 'ci', ttl: '1h', scopes: ['report:read'] });
    expect(made).toEqual({
      token: expect.stringMatching(/^lk_/),
      name: 'ci',
      scopes: ['report:read'],
      expiresAt: new Date(now + 3_600_000).toISOString(),
    });
    const answer = await server.ask(bearer(made.token));
    expect([answer.status, await answer.text()]).toEqual([200, 'ci']);

    const { token, predecessorExpiresAt } = await lock.tokens.rotate('ci', { grace: '1m' });
    expect(predecessorExpiresAt).toBe(new Date(now + 60_000).toISOString());
    expect((await server.ask(bearer(made.token))).status).toBe(200);
    now += 60_000;
    expect((await server.ask(bearer(made.token))).status).toBe(401);
    expect((await server.ask(bearer(token))).status).toBe(200);
    await lock.tokens.revoke('ci');
    now += 1;
    expect((await server.ask(bearer(token))).status).toBe(401);

    const short = await lock.tokens.create({ name: 'short', ttl: '1s' });
    now += 1000;
    const refused = await server.ask(bearer(short.token));
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", resource_metadata="http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp"',
    );
    expect(server.handled).toHaveLength(3);
    await lock.close();
  });

  test('writes every decision and every change into the trail of the store, and counts uses', async () => {
    const lock = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', store, server: 'reports' });
    const server = await serve(() => lock.protect({ scopes: ['report:read'] }));
    const reader = await lock.tokens.create({ name: 'reader', scopes: ['report:read'] });
    const other = await lock.keys.create({ name: 'other', owner: 'team', scopes: ['report:write'] });
    const before = (await trailOf()).length;
    expect((await server.ask(bearer(reader.token))).status).toBe(200);
    const refused = await server.ask({ 'x-api-key': other.key });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="report:read"');
    expect((await server.ask()).status).toBe(401);
    expect((await server.ask({ authorization: 'Basic x' })).status).toBe(401);
    await lock.close();
    const records = (await trailOf()).slice(before);
    const short = records.map(({ decision, reason, credential, status }) => [decision, reason, credential, status]);
    expect(short.toSorted()).toEqual([
      ['allow', 'allowed', 'reader', 200],
      ['deny', 'credential-malformed', null, 401],
      ['deny', 'credential-missing', null, 401],
      ['deny', 'policy-scope', 'other', 403],
    ]);
    expect(records.every(({ server: name }) => name === 'reports')).toBe(true);
    expect(JSON.stringify(records)).not.toContain(reader.token);
    const again = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', store });
    expect((await again.keys.list())[0]).toMatchObject({ name: 'other', owner: 'team', uses: 1, status: 'active' });
    expect((await again.tokens.show('reader'))[0]).toMatchObject({ uses: 1 });
    await again.close();
  });

  test('goes by a clock that gives fractions of a millisecond', async () => {
    const { timeOrigin } = performance;
    const now = (): number => timeOrigin + performance.now() + 0.25;
    const lock = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', store, now });
    const server = await serve(() => lock.protect());
    await lock.tokens.create({ name: 'fraction' });
    await lock.keys.create({ name: 'fraction', owner: 'team' });
    const { token } = await lock.tokens.rotate('fraction');
    expect((await server.ask(bearer(token))).status).toBe(200);
    await lock.close();
    const again = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', store, now });
    expect((await again.tokens.show('fraction'))[0]).toMatchObject({ uses: 1 });
    expect(await again.tokens.revoke('fraction')).toHaveLength(2);
    expect(await again.keys.revoke('fraction')).toHaveLength(1);
    await again.close();
  });

  test('cuts an open answer within a second after its credential was revoked', async () => {
    const lock = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', store });
    const server = await serve(() => lock.protect(), '/stream');
    const { token } = await lock.tokens.create({ name: 'streaming' });
    const answer = await server.ask(bearer(token));
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).done).toBe(false);
    await lock.tokens.revoke('streaming');
    const at = performance.now();
    await expect(reader.read()).rejects.toThrow(/terminated|aborted|cut|closed/);
    expect(performance.now() - at).toBeLessThan(2000);
    await lock.close();
  });

  test('holds an address back that fails too often', async () => {
    const lock = createLatchkey({
      resource: 'http://127.0.0.1:3000/mcp',
      store,
      limits: { failedPerAddress: '2/h' },
    });
    const server = await serve(() => lock.protect());
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await server.ask(bearer('wrong'))).status);
    expect(statuses).toEqual([401, 401, 429]);
    await lock.close();
  });

  test('refuses everything while its trail cannot be written', async () => {
    const told: unknown[] = [];
    const trail = { ...store.trail, check: () => Promise.reject(new Error('disk full')) };
    const onError = (error: unknown): void => void told.push(error);
    const lock = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', store: { ...store, trail }, onError });
    const server = await serve(() => lock.protect());
    const { token } = await lock.tokens.create({ name: 'unwritten' });
    await vi.waitFor(() => expect(told).toHaveLength(1), 5000);
    expect((await server.ask(bearer(token))).status).toBe(503);
    await expect(lock.toTokenVerifier().verifyAccessToken(token)).rejects.toThrow('trail');
    expect(server.handled).toHaveLength(0);
    await lock.close();
  });

  test('says what is wrong with what it should make or change', async () => {
    const lock = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', store, trail: false });
    await lock.tokens.create({ name: 'taken' });
    expect(await codeOf(lock.tokens.create({ name: 'taken' }))).toBe('E_NAME_TAKEN');
    expect(await codeOf(lock.tokens.create({ name: ' ' }))).toBe('E_NAME_INVALID');
    expect(await codeOf(lock.tokens.create({ name: 'a', ttl: 'never' }))).toBe('E_USAGE');
    expect(await codeOf(lock.tokens.create({ name: 'a', scopes: ['two words'] }))).toBe('E_USAGE');
    expect(await codeOf(lock.tokens.rotate('taken', { grace: 'long' }))).toBe('E_USAGE');
    expect(await codeOf(lock.tokens.rotate('absent'))).toBe('E_CREDENTIAL_ABSENT');
    expect(await codeOf(lock.tokens.show('absent'))).toBe('E_CREDENTIAL_ABSENT');
    await lock.tokens.revoke('taken');
    expect(await codeOf(lock.tokens.revoke('taken'))).toBe('E_CREDENTIAL_DEAD');
    expect(await codeOf(lock.tokens.rotate('taken'))).toBe('E_CREDENTIAL_DEAD');
    expect(await lock.tokens.list()).not.toContainEqual(expect.objectContaining({ name: 'taken' }));
    expect(await lock.tokens.list({ all: true })).toContainEqual(expect.objectContaining({ status: 'revoked' }));
  });

  const none = undefined as never;
  const wrong: readonly (readonly [string, (lock: StoredLatchkey<string, Store>) => Promise<unknown>])[] = [
    ['tokens.create: name: expected text', ({ tokens }) => tokens.create(none)],
    ['tokens.create: name: expected text', ({ tokens }) => tokens.create({} as never)],
    ['tokens.create: expected an object; name: expected text', ({ tokens }) => tokens.create('ci' as never)],
    [
      'tokens.create: scope: unknown option; did you mean scopes?',
      ({ tokens }) => tokens.create({ name: 'a', scope: ['x'] } as never),
    ],
    [
      'tokens.create: scopes: expected a list of scopes',
      ({ tokens }) => tokens.create({ name: 'a', scopes: 'x' } as never),
    ],
    ['keys.create: owner: expected text', ({ keys }) => keys.create({ name: 'a' } as never)],
    ['tokens.rotate: expected the name of a token', ({ tokens }) => tokens.rotate(none)],
    ['tokens.rotate: expected an object', ({ tokens }) => tokens.rotate('a', '5m' as never)],
    ['tokens.revoke: expected the name of a token', ({ tokens }) => tokens.revoke(none)],
    ['tokens.show: expected the name of a token', ({ tokens }) => tokens.show(7 as never)],
    ['keys.revoke: expected the name of a key', ({ keys }) => keys.revoke({ name: 'a' } as never)],
    ['tokens.list: al: unknown option; did you mean all?', ({ tokens }) => tokens.list({ al: true } as never)],
    ['keys.list: all: expected false or true', ({ keys }) => keys.list({ all: 'yes' } as never)],
  ];
  test.each(wrong)('says what it wants: %s', async (said, use) => {
    const lock = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', store, trail: false });
    await expect(use(lock)).rejects.toThrow(new TypeError(said));
    await expect(use(lock)).rejects.toBeInstanceOf(TypeError);
  });
});

const misspelt = (options: object) => () =>
  createLatchkey({ resource: 'http://127.0.0.1:3000', verifiers: [staticTokens({ tokens: STATIC })], ...options });

describe('a plain Node server with verifiers and no store', () => {
  test('takes static tokens of a variable, and their ids tell nothing of them', async () => {
    vi.stubEnv('REPORT_TOKENS', STATIC);
    const verifiers = [staticTokens({ env: 'REPORT_TOKENS', scopes: ['report:read'] })];
    vi.unstubAllEnvs();
    const lock = createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', verifiers });
    expect('tokens' in lock).toBe(false);
    const server = await serve(() => lock.protect({ scopes: ['report:read'] }));
    expect(await (await server.ask(bearer(STATIC))).text()).toBe('REPORT_TOKENS');
    expect(server.handled[0]?.principal.id).toMatch(/^static:[0-9a-f]{16}$/);
    expect((await server.ask(bearer(`${STATIC}x`))).status).toBe(401);
    expect(() => staticTokens({ env: 'NOT_SET_ANYWHERE' })).toThrow(
      expect.objectContaining({ code: 'E_SECRET_MISSING' }),
    );
    expect(() => staticTokens({ tokens: 'your-token-here' })).toThrow(
      expect.objectContaining({ code: 'E_CREDENTIAL_WEAK' }),
    );
    expect(() => staticTokens({ tokens: 1, scops: [] } as never)).toThrow(/scops: .* did you mean scopes.*; tokens: /);
    expect(() => staticTokens({ tokens: [STATIC] } as never)).toThrow(/tokens: expected text, parted by commas/);
  });

  test('names the options that a lock on Node has, too, where one is none', () => {
    expect(misspelt({ stor: 1 })).toThrow('createLatchkey: stor: unknown option; did you mean store?');
    expect(misspelt({ dpopp: {} })).toThrow('createLatchkey: dpopp: unknown option; did you mean dpop?');
    expect(misspelt({ database: 1 })).toThrow(/known are resource, .*, store, tokens, keys, dpop$/);
  });

  test('takes the JWTs of several issuers, each for this resource only, and names them in its metadata', async () => {
    const [one, two] = await Promise.all([startTestIssuer(), startTestIssuer()]);
    onTestFinished(async () => {
      await Promise.all([one.close(), two.close()]);
    });
    const resource = 'http://127.0.0.1:3000/mcp';
    const lock = createLatchkey({
      resource,
      verifiers: [
        jwt({ name: 'one', issuer: one.url }),
        staticTokens({ tokens: STATIC }),
        jwt({ name: 'two', issuer: two.url }),
      ],
    });
    expect(JSON.parse(lock.metadata.body())).toMatchObject({ authorization_servers: [one.url, two.url] });
    const server = await serve(() => lock.protect({ scopes: ['report:read'] }));
    const right = { aud: resource, scope: 'report:read' };
    for (const issuer of [one, two]) {
      expect((await server.ask(bearer(await issuer.issue(right)))).status).toBe(200);
      expect((await server.ask(bearer(await issuer.issue({ ...right, scope: 'x' })))).status).toBe(403);
      expect((await server.ask(bearer(await issuer.issue({ ...right, aud: 'https://else.example' })))).status).toBe(
        401,
      );
      expect((await server.ask(bearer(await issuer.issue({ ...right, exp: 1 })))).status).toBe(401);
    }
    expect((await server.ask(bearer(STATIC))).status).toBe(200);
  });

  test('asks an issuer about opaque tokens, as a client with a secret', async () => {
    const issuer = await startTestIssuer({ format: 'opaque' });
    onTestFinished(() => issuer.close());
    const resource = 'http://127.0.0.1:3000/mcp';
    const verifiers = [introspection({ issuer: issuer.url, client: { id: 'reports', secret: 'of the client' } })];
    const lock = createLatchkey({ resource, verifiers });
    const server = await serve(() => lock.protect({ scopes: ['report:read'] }));
    const token = await issuer.issue({ aud: resource, scope: 'report:read' });
    expect((await server.ask(bearer(token))).status).toBe(200);
    const asked = issuer.requests.find(({ path }) => path === '/introspect');
    expect(asked?.headers.authorization).toBe(`Basic ${btoa('reports:of+the+client')}`);
    const revoked = await issuer.issue({ aud: resource, scope: 'report:read' });
    issuer.revoke(revoked);
    expect((await server.ask(bearer(revoked))).status).toBe(401);
  });

  test('takes a token that is bound to a key with a proof of it only, each proof once', async () => {
    const issuer = await startTestIssuer();
    onTestFinished(() => issuer.close());
    const client = createDpopClient();
    const resource = 'http://127.0.0.1:3000/mcp';
    const lock = createLatchkey({ resource, verifiers: [jwt({ issuer: issuer.url })], dpop: { required: true } });
    const server = await serve(() => lock.protect());
    const token = await issuer.issue({ aud: resource, cnf: { jkt: client.thumbprint } });
    const proof = client.prove({ method: 'GET', url: 'http://127.0.0.1:3000/report', token });
    expect((await server.ask({ authorization: `DPoP ${token}`, dpop: proof })).status).toBe(200);
    expect((await server.ask({ authorization: `DPoP ${token}`, dpop: proof })).status).toBe(401);
    expect((await server.ask(bearer(token))).status).toBe(401);
    expect((await server.ask(bearer(await issuer.issue({ aud: resource })))).status).toBe(401);
    expect(JSON.parse(lock.metadata.body())).toMatchObject({ dpop_bound_access_tokens_required: true });
  });

  test('asks for a nonce of its own where it should', async () => {
    const issuer = await startTestIssuer();
    onTestFinished(() => issuer.close());
    const client = createDpopClient();
    const resource = 'http://127.0.0.1:3000/mcp';
    const lock = createLatchkey({ resource, verifiers: [jwt({ issuer: issuer.url })], dpop: { nonce: true } });
    const server = await serve(() => lock.protect());
    const token = await issuer.issue({ aud: resource, cnf: { jkt: client.thumbprint } });
    const ask = (claims: object) => {
      const dpop = client.prove({ method: 'GET', url: 'http://127.0.0.1:3000/report', token, claims });
      return server.ask({ authorization: `DPoP ${token}`, dpop });
    };
    const first = await ask({});
    expect(first.status).toBe(401);
    expect((await ask({ nonce: first.headers.get('dpop-nonce') })).status).toBe(200);
  });

  test.each([
    [jwt, "jwt({ issuer: 'https://…' })"],
    [introspection, "introspection({ issuer: 'https://…', client: { id: '…', secret: { env: '…' } } })"],
    [staticTokens, 'staticTokens()'],
  ])('says of %o that it was not called', (maker, call) => {
    const verifiers = [jwt({ issuer: 'https://one.example' }), maker as never];
    expect(() => createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', verifiers })).toThrow(
      new TypeError(`createLatchkey: verifiers[1]: makes a verifier and is none; write ${call}`),
    );
  });

  test('names at once what is wrong with options of Node and of every lock', () => {
    expect(misspelt({ tokens: { ttl: 'soon' }, polcy: {} })).toThrow(
      /^createLatchkey: tokens\.ttl: .*; polcy: unknown/,
    );
  });

  test('says what several issuers cannot share', () => {
    const client = { id: 'x', secret: 'y' };
    const one = jwt({ name: 'one', issuer: 'https://one.example' });
    expect(() => make(one, jwt({ name: 'one', issuer: 'https://two.example' }))).toThrow(
      /two issuers have the name one/,
    );
    expect(() => make(one, jwt({ name: 'two', issuer: 'https://one.example' }))).toThrow(/is the issuer of one again/);
    const asked = (name: string) => introspection({ name, issuer: `https://${name}.example`, client });
    expect(() => make(asked('a'), asked('b'))).toThrow(/an opaque token could be of a or of b/);
    expect(() => jwt({ issuer: 'http://one.example' })).toThrow(/issuer: plain http/);
    expect(() => jwt({ issur: 'https://one.example' } as never)).toThrow(/issur: unknown key; did you mean issuer\?/);
    expect(() => jwt({ preset: 'auth0' })).toThrow(/issuer is missing/);
    for (const none of [undefined, null, 'https://one.example', ['https://one.example']]) {
      expect(() => jwt(none as never)).toThrow(
        new TypeError("jwt: expected an object such as { issuer: 'https://…' }"),
      );
      expect(() => introspection(none as never)).toThrow(/^introspection: expected an object/);
    }
    expect(jwt({ preset: 'auth0', issuer: 'https://t.eu.auth0.com/', audience: 'x' }).config.algorithms).toEqual([
      'RS256',
      'PS256',
    ]);
  });
});

describe('types of createLatchkey', () => {
  const resource = 'http://127.0.0.1:3000/mcp';
  const verifiers = [jwt({ issuer: 'https://one.example' })];

  test('promise tokens where there is a store for certain', () => {
    const none = undefined as Store | undefined;
    // @ts-expect-error -- who may have no store may have no tokens
    expect(createLatchkey({ resource, verifiers, store: none }).tokens).toBe(undefined);
    const spread = { resource, verifiers, ...(none === undefined ? {} : { store: none }) };
    // @ts-expect-error -- the same, as options are often joined
    expect(createLatchkey(spread).keys).toBe(undefined);
  });

  test('take a trail that returns what it will', () => {
    const entries: unknown[] = [];
    const lock = createLatchkey({ resource, verifiers, trail: (entry) => entries.push(entry) });
    expect(lock.metadata.path).toBe('/.well-known/oauth-protected-resource/mcp');
  });
});

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: Error & { code?: string }) => error.code ?? error.name,
  );
}

function make(...verifiers: ReturnType<typeof jwt>[]): ReturnType<typeof createLatchkey> {
  return createLatchkey({ resource: 'http://127.0.0.1:3000/mcp', verifiers });
}
