import { decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startGuardedUpstream, type GuardedUpstream } from '../fixtures/guarded-upstream.ts';
import { openEvents } from '../fixtures/event-stream.ts';
import { createIssuerKey } from '../fixtures/issuer-keys.ts';
import { startIssuer, type IssuerRequest } from '../fixtures/issuer.ts';
import { ranBy } from './answers.ts';
import { callBody, initializeCall, legacyCall, modernCall, requestBytes, send, type Call } from './harness.ts';
import { startJwtSite, type JwtSite } from './jwt-site.ts';
import { startSse } from './sse-client.ts';
import { waitForRecord } from './trail-records.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const CLIENT = { id: 'gateway', secret: { env: 'UPSTREAM_CLIENT_SECRET' } };
const ENV = { UPSTREAM_CLIENT_SECRET: 'S3cretOfTheClient-4711', LATCHKEY_LOG: 'debug' };
const RULES = {
  limits: { failedPerAddress: '100000/min', requestsPerAddress: '100000/min', callsPerCredential: '100000/min' },
};

let upstream: GuardedUpstream;
let site: JwtSite;

beforeAll(async () => {
  upstream = await startGuardedUpstream();
  site = await open({ tokenExchange: { audience: 'urn:inner', scopes: ['inner:use'] } }, upstream);
});
beforeEach(() => {
  site.issuer.fault('/token', 'none');
  site.issuer.answer('/token', exchangeToken);
  upstream.accepts = () => true;
  upstream.reset();
});
afterAll(async () => {
  await site.close();
  await upstream.close();
});

/** A gateway that is a client of the issuer whose tokens it takes. */
async function open(auth: object, { url }: GuardedUpstream): Promise<JwtSite> {
  const opened: JwtSite = await startJwtSite({
    settings: { client: CLIENT },
    config: { upstream: { url, auth }, ...RULES },
    env: ENV,
  });
  opened.issuer.answer('/token', exchangeToken);
  return opened;
}

let counter = 0;

/** A token that says whose it is and what for; a token of the gateway's own has nobody's name. */
function exchangeToken(request: IssuerRequest): object {
  const form = new URLSearchParams(request.body);
  const subject = form.get('subject_token');
  counter += 1;
  const access_token = subject === null ? `own.${counter}` : `for.${decodeJwt(subject).sub}.${counter}`;
  return {
    access_token,
    issued_token_type: ACCESS_TOKEN,
    token_type: 'Bearer',
    expires_in: 3600,
  };
}

const exchanges = ({ issuer }: JwtSite): readonly URLSearchParams[] =>
  issuer.requests.filter(({ path }) => path === '/token').map(({ body }) => new URLSearchParams(body));

/** Whose token the upstream was sent with each request. */
const holders = (): readonly (string | undefined)[] =>
  upstream.requests.map(({ authorization }) => /^Bearer (for\.[^.]+|own)\.\d+$/.exec(authorization ?? '')?.[1]);

test('the token of a caller is exchanged once, as RFC 8693 has it, and only what came for it is sent', async () => {
  const token = await site.mint({ sub: 'carol' });
  const before = exchanges(site).length;
  const calls: Call[] = [{}, modernCall('tools/list'), initializeCall(), { id: 2 }];
  const answers = await Promise.all(calls.map((call) => send(site, { ...call, token })));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const asked = exchanges(site).slice(before);
  expect(asked.map((form) => Object.fromEntries(form))).toEqual([
    {
      grant_type: EXCHANGE,
      subject_token: token,
      subject_token_type: ACCESS_TOKEN,
      requested_token_type: ACCESS_TOKEN,
      resource: upstream.url,
      audience: 'urn:inner',
      scope: 'inner:use',
    },
  ]);
  expect(new Set(holders())).toEqual(new Set(['for.carol']));
  for (const { rawHeaders, body } of upstream.requests)
    expect(`${rawHeaders.join('\n')}${body}`).not.toContain(token.split('.')[1]);
});

test('sessions of 2025 revisions go with the token of their caller', async () => {
  const token = await site.mint({ sub: 'dora' });
  const opened = await send(site, { ...initializeCall(), token });
  const session = opened.headers.find(([name]) => name.toLowerCase() === 'mcp-session-id')?.[1] ?? '';
  const streams = { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': session };
  expect(
    (await send(site, { ...legacyCall('tools/call', { name: 'echo', arguments: {} }, session), token })).status,
  ).toBe(200);
  expect((await send(site, { method: 'DELETE', headers: streams, token })).status).toBe(200);
  expect(new Set(holders())).toEqual(new Set(['for.dora']));
});

test('streams of HTTP+SSE, and what the gateway asks for a caller, go with the token of that caller', async () => {
  const token = await site.mint({ sub: 'kim' });
  const client = await startSse(site, token);
  await expect.poll(() => upstream.requests.map(({ method }) => method)).toContain('GET');
  await client.ask('tools/call', { name: 'echo', arguments: {} }, 'over-sse');
  client.stream.leave();
  expect(new Set(holders())).toEqual(new Set(['for.kim']));
  upstream.reset();
  const other = await site.mint({ sub: 'leo' });
  expect((await send(site, { token: other, tool: 'unlisted' })).status).toBe(403);
  expect(new Set(holders()).size).toBeLessThanOrEqual(1);
});

test('a caller that leaves while its token is asked for has nothing sent', async () => {
  const [gone, stays] = [await site.mint({ sub: 'mia' }), await site.mint({ sub: 'noah' })];
  let answer: (() => void) | null = null;
  site.issuer.answer('/token', (asked: IssuerRequest) => {
    const right = exchangeToken(asked);
    if (new URLSearchParams(asked.body).get('subject_token') !== gone) return right;
    return new Response(
      new ReadableStream({
        start(stream) {
          answer = () => {
            stream.enqueue(Buffer.from(JSON.stringify(right)));
            stream.close();
          };
        },
      }),
    );
  });
  const leaving = await openEvents(site.gateway.url, requestBytes(site, { token: gone }));
  await expect.poll(() => answer).not.toBeNull();
  leaving.leave();
  await waitForRecord(site, { principal: 'issuer:test:mia', method: 'tools/call' });
  (answer as (() => void) | null)?.();
  expect((await send(site, { token: stays })).status).toBe(200);
  const calls = upstream.requests.filter(({ body }) => body.includes('"tools/call"'));
  expect(calls.map(({ authorization }) => authorization)).toEqual([expect.stringMatching(/^Bearer for\.noah\./)]);
});

test('1,000 calls of two callers never cross', async () => {
  const subjects = ['alice', 'bob'] as const;
  const tokens = { alice: await site.mint({ sub: 'alice' }), bob: await site.mint({ sub: 'bob' }) };
  const before = exchanges(site).length;
  const calls = Array.from({ length: 1000 }, (_, at) => ({ id: at, who: subjects[at % 2] ?? 'alice' }));
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < calls.length; at = next++) {
      const { id, who } = calls[at] as (typeof calls)[number];
      const text = `${who}-${id}`;
      const answer = await send(site, { id, token: tokens[who], args: { text } });
      expect(answer.status).toBe(200);
      expect(ranBy(answer).args['text']).toBe(text);
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  expect(exchanges(site).length - before).toBe(2);
  const seen = upstream.requests.filter(({ body }) => body.includes('"tools/call"'));
  expect(seen).toHaveLength(1000);
  for (const { authorization, body } of seen) {
    const who = /"text":"(alice|bob)-\d+"/.exec(body)?.[1];
    expect(authorization).toMatch(new RegExp(`^Bearer for\\.${who}\\.\\d+$`));
  }
});

test('two tokens of one caller are exchanged each for its own', async () => {
  const tokens = [await site.mint({ sub: 'erin' }), await site.mint({ sub: 'erin', scope: 'file:read file:write' })];
  for (const token of tokens) for (let at = 0; at < 3; at += 1) await send(site, { token });
  const sent = upstream.requests
    .filter(({ body }) => body.includes('"tools/call"'))
    .map(({ authorization }) => authorization);
  expect(new Set(sent.slice(0, 3)).size).toBe(1);
  expect(new Set(sent).size).toBe(2);
});

test('a credential of no issuer is refused, and neither issuer nor upstream hears of it', async () => {
  const before = site.issuer.requests.length;
  const { aliceRead } = site.tokens;
  const keyed: Call = { token: null, headers: { 'X-API-Key': site.apiKey } };
  for (const call of [{ token: aliceRead }, keyed, { ...modernCall('tools/list'), token: aliceRead }]) {
    const answer = await send(site, call);
    expect(answer.status).toBe(403);
    expect(JSON.stringify(answer)).not.toMatch(/issuer|upstream/);
  }
  expect(upstream.requests).toEqual([]);
  expect(site.issuer.requests.length).toBe(before);
  const record = await waitForRecord(site, { reason: 'policy-denied', status: 403, method: 'tools/call' });
  expect(record['detail']).toMatch(/callers’ own tokens/);
});

test('a caller whose token the issuer does not exchange is refused, and others are not', async () => {
  const [wrong, right] = [await site.mint({ sub: 'mallory' }), await site.mint({ sub: 'frank' })];
  site.issuer.answer('/token', (request: IssuerRequest) =>
    new URLSearchParams(request.body).get('subject_token') === wrong
      ? Response.json({ error: 'invalid_grant', error_description: 'canary-text' }, { status: 400 })
      : exchangeToken(request),
  );
  const answer = await send(site, { token: wrong });
  expect(answer.status).toBe(403);
  expect(JSON.stringify(answer)).not.toContain('canary');
  expect(upstream.requests).toEqual([]);
  expect((await send(site, { token: right })).status).toBe(200);
  await waitForRecord(site, { detail: 'the issuer does not exchange the token of this caller (invalid_grant)' });
});

test('with the issuer away who has a token goes on, and who has none gets 503', async () => {
  const [early, late] = [await site.mint({ sub: 'grace' }), await site.mint({ sub: 'heidi' })];
  expect((await send(site, { token: early })).status).toBe(200);
  // The key set was read; only the token endpoint is away.
  site.issuer.fault('/token', 'refuse');
  upstream.reset();
  expect((await send(site, { token: late })).status).toBe(503);
  expect(upstream.requests).toEqual([]);
  expect((await send(site, { token: early })).status).toBe(200);
  expect(new Set(holders())).toEqual(new Set(['for.grace']));
});

test('a token that the upstream takes no more is exchanged anew, with the same bytes', async () => {
  const token = await site.mint({ sub: 'ivan' });
  await send(site, { token });
  const revoked = upstream.requests.at(-1)?.authorization?.slice('Bearer '.length);
  upstream.accepts = (given) => given !== revoked;
  await new Promise((resolve) => setTimeout(resolve, 2100));
  upstream.reset();
  const call = { token, id: 'anew', args: { text: 'same bytes' } };
  expect((await send(site, call)).status).toBe(200);
  const sent = upstream.requests.filter(({ body }) => body === callBody(call));
  expect(sent.map(({ authorization }) => authorization === `Bearer ${revoked}`)).toEqual([true, false]);
  expect(sent[1]?.authorization).toMatch(/^Bearer for\.ivan\./);
});

test('beside clientCredentials, callers of no issuer go with the token of the gateway', async () => {
  const both = await open(
    { tokenExchange: {}, clientCredentials: { issuer: site.issuer.url, client: CLIENT } },
    upstream,
  );
  try {
    upstream.reset();
    const grants = exchanges(site).length;
    expect((await send(both, { token: both.tokens.aliceRead })).status).toBe(200);
    expect((await send(both, { token: await both.mint({ sub: 'judy' }) })).status).toBe(200);
    expect(holders().filter(Boolean)).toEqual(expect.arrayContaining(['own', 'for.judy']));
    const callers = upstream.requests.filter(({ body }) => body.includes('tools/call'));
    expect(callers.map(({ authorization }) => authorization?.replace(/\d+$/, ''))).toEqual([
      'Bearer own.',
      'Bearer for.judy.',
    ]);
    expect(
      exchanges(site)
        .slice(grants)
        .map((form) => form.get('grant_type')),
    ).toEqual(['client_credentials']);
  } finally {
    await both.close();
  }
});

test('only tokens of the issuers in `from` are exchanged, at tokenUrl, for the resource that is named', async () => {
  const other = await startIssuer();
  const asked: Record<string, string>[] = [];
  site.issuer.answer('/elsewhere', (request: IssuerRequest) => {
    asked.push(Object.fromEntries(new URLSearchParams(request.body)));
    return exchangeToken(request);
  });
  const tokenExchange = {
    from: ['test'],
    tokenUrl: `${site.issuer.origin}/elsewhere`,
    client: CLIENT,
    resource: 'https://inner.example/mcp',
  };
  const own = await startJwtSite({
    others: { other: { issuer: other.url } },
    config: { upstream: { url: upstream.url, auth: { tokenExchange } }, ...RULES },
    env: ENV,
  });
  try {
    const claims = { aud: own.gateway.url, scope: 'file:read' };
    upstream.reset();
    expect((await send(own, { token: await other.accessToken({ ...claims, sub: 'oscar' }) })).status).toBe(403);
    expect([asked, upstream.requests]).toEqual([[], []]);
    const token = await own.mint({ sub: 'paula' });
    expect((await send(own, { token })).status).toBe(200);
    expect(asked).toMatchObject([{ subject_token: token, resource: 'https://inner.example/mcp' }]);
    expect(new Set(holders())).toEqual(new Set(['for.paula']));
  } finally {
    await own.close();
    await other.close();
  }
});

test('the gateway proves that it is the client in each way there is, or only names itself', async () => {
  const key = createIssuerKey('ES256');
  const id = 'gate way';
  const secret = CLIENT.secret;
  const clients = {
    basic: { id, secret, auth: 'client_secret_basic' },
    post: { id, secret, auth: 'client_secret_post' },
    jwt: { id, secret: { env: 'CLIENT_KEY' }, auth: 'private_key_jwt' },
    none: { id, auth: 'none' },
  };
  type Server = keyof typeof clients;
  const servers = Object.entries(clients).map(([name, client]) => [
    name,
    {
      upstream: { url: upstream.url, auth: { tokenExchange: { client } } },
      tools: { echo: { scopes: ['file:read'] } },
    },
  ]);
  const proven = await startJwtSite({
    // What this issuer is asked about a token goes without a secret, too.
    settings: { client: clients.none, introspection: true },
    config: {
      upstream: undefined,
      tools: undefined,
      resources: undefined,
      prompts: undefined,
      servers: Object.fromEntries(servers),
      ...RULES,
    },
    env: { ...ENV, CLIENT_KEY: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
  });
  try {
    const { issuer, gateway } = proven;
    const asked: IssuerRequest[] = [];
    issuer.answer('/token', (request: IssuerRequest) => {
      asked.push(request);
      return { access_token: 'exchanged', issued_token_type: ACCESS_TOKEN, token_type: 'Bearer', expires_in: 3600 };
    });
    upstream.accepts = (token) => token === 'exchanged';
    for (const server of Object.keys(clients) as Server[]) {
      const aud = new URL(`/${server}/mcp`, gateway.url).href;
      const opaque = `opaque-token-for-${server}`;
      issuer.introspect(opaque, { active: true, sub: 'quinn', aud, scope: 'file:read', client_id: 'app' });
      expect((await send(proven, { target: `/${server}/mcp`, token: opaque })).status).toBe(200);
      expect(new URLSearchParams(asked.at(-1)?.body).get('subject_token')).toBe(opaque);
    }
    const proofs = asked.map(({ headers, body }) => {
      const { client_id, client_secret, client_assertion } = Object.fromEntries(new URLSearchParams(body));
      return { basic: headers.authorization, client_id, client_secret, client_assertion };
    });
    const text = ENV.UPSTREAM_CLIENT_SECRET;
    const basic = `Basic ${Buffer.from(`gate+way:${text}`).toString('base64')}`;
    const assertion = proofs[2]?.client_assertion ?? '';
    expect(proofs).toEqual([
      { basic },
      { client_id: id, client_secret: text },
      { client_id: id, client_assertion: expect.any(String) },
      { client_id: id },
    ]);
    const { payload } = await jwtVerify(assertion, key.publicKey, { issuer: id, subject: id, audience: issuer.url });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(60);
    const lookups = issuer.requests.filter(({ path }) => path === '/introspect');
    expect(
      lookups.map(({ headers, body }) => [headers.authorization, new URLSearchParams(body).get('client_id')]),
    ).toEqual(servers.map(() => [undefined, id]));
  } finally {
    await proven.close();
  }
});

test('no token, of caller or upstream, is in the log or the trail', async () => {
  const said = site.gateway.talk() + (await site.gateway.command('trail', '--json'));
  expect(said).toContain('"allowed"');
  const tokens = exchanges(site).map((form) => form.get('subject_token') ?? 'none');
  for (const secret of [...tokens, ENV.UPSTREAM_CLIENT_SECRET, 'for.alice.']) expect(said).not.toContain(secret);
});
