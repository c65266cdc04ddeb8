import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer, type IssuerRequest, type TestIssuer } from '../fixtures/issuer.ts';
import { headerValue, headerValues, type RawAnswer } from '../fixtures/raw-http.ts';
import { startBareSite } from './bare-site.ts';
import { expectUpstreamUntouched, send, type Call, type Site } from './harness.ts';
import { startPublicSite } from './public-site.ts';
import { readRecords, waitForRecord } from './trail-records.ts';

const LIMITS = { failedPerAddress: '100000/min', requestsPerAddress: '100000/min' };
const SECRET = 'Q7-refresh-or-access-token-of-a-person';

let issuer: TestIssuer;
let site: Site;
beforeAll(async () => {
  issuer = await startIssuer({ path: '/tenant' });
  issuer.answer('/token', { access_token: SECRET, token_type: 'Bearer', expires_in: 300 });
  for (const name of ['oauth-authorization-server', 'openid-configuration'])
    issuer.answer(`/.well-known/${name}/tenant`, metadataOf(issuer));
  issuer.answer('/tenant/.well-known/openid-configuration', metadataOf(issuer));
  // As Entra does: it refuses `resource`, wants its scopes in full, and does not say that it takes PKCE.
  const entra = { preset: 'entra', issuer: issuer.url, audience: 'api-1' };
  site = await startBareSite({ limits: LIMITS, auth: { issuers: { entra } } });
});
afterAll(async () => {
  await site.close();
  await issuer.close();
});

function metadataOf({ url, origin }: TestIssuer): object {
  return {
    issuer: url,
    authorization_endpoint: `${origin}/authorize?tenant=ours&p=own`,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${origin}/jwks`,
    response_types_supported: ['code', 'token'],
    scopes_supported: ['openid', 'User.Read'],
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic'],
    authorization_response_iss_parameter_supported: true,
    dpop_signing_alg_values_supported: ['ES256'],
  };
}

const GOOD = {
  response_type: 'code',
  client_id: 'client-1',
  redirect_uri: 'http://127.0.0.1:9/callback?x=1&y=%2F',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
  state: 'a b+c&d=é',
  scope: 'openid file:read api://api-1/file:write',
  resource: 'http://127.0.0.1/mcp',
};
const query = (parameters: object): string => new URLSearchParams(parameters as Record<string, string>).toString();
const authorize = (text: string): Call => ({ method: 'GET', target: `/oauth/entra/authorize?${text}`, token: null });

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded', 'MCP-Protocol-Version': null };
const CODE = {
  grant_type: 'authorization_code',
  code: 'code-1-of-the-issuer',
  redirect_uri: GOOD.redirect_uri,
  code_verifier: 'v',
};
const token = (body: string, headers: Call['headers'] = {}): Call => ({
  target: '/oauth/entra/token',
  token: null,
  headers: { ...FORM, ...headers },
  body,
});
const errorOf = (answer: RawAnswer): unknown => (JSON.parse(answer.body) as { error: unknown }).error;

/** The one request of an act that reached the issuer's token endpoint. */
async function askedBy(
  act: () => Promise<RawAnswer>,
): Promise<{ answer: RawAnswer; asked: IssuerRequest | undefined }> {
  const before = issuer.countOf('/token');
  const answer = await act();
  expect(issuer.countOf('/token') - before).toBeLessThan(2);
  const asked = issuer.countOf('/token') > before ? issuer.requests.filter(({ path }) => path === '/token').at(-1) : undefined; // prettier-ignore
  return { answer, asked };
}

test('PRM-13 AS metadata issuer', async () => {
  const places = [
    '/.well-known/oauth-authorization-server/oauth/entra',
    '/.well-known/openid-configuration/oauth/entra',
    '/oauth/entra/.well-known/openid-configuration',
  ];
  const bodies: string[] = [];
  for (const target of places) {
    const answer = await send(site, { method: 'GET', target, token: null });
    expect([answer.status, headerValue(answer, 'content-type')]).toEqual([200, 'application/json']);
    bodies.push(answer.body);
  }
  expect(new Set(bodies).size).toBe(1);
  const base = `${new URL(site.gateway.url).origin}/oauth/entra`;
  expect(JSON.parse(bodies[0] ?? '')).toEqual({
    issuer: base,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${issuer.origin}/jwks`,
    response_types_supported: ['code'],
    // Nothing that could not hold: no `iss` (RFC 9207), no assertions or proofs for a URL that is not the issuer's.
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    code_challenge_methods_supported: ['S256'],
  });
  const metadata = await send(site, {
    method: 'GET',
    target: '/.well-known/oauth-protected-resource/mcp',
    token: null,
  });
  expect(JSON.parse(metadata.body)).toMatchObject({ authorization_servers: [base] });
  // Other forms are other issuers'.
  for (const target of [
    '/oauth/entra/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/oauth/entra',
    '/oauth/entra/',
    '/oauth/other/token',
  ])
    expect((await send(site, { method: 'GET', target, token: null })).status).toBe(404);
});

test('PRM-13 AS metadata issuer: behind a path', async () => {
  const entra = { preset: 'entra', issuer: issuer.url, audience: 'api-1' };
  const known = await startPublicSite('https://mcp.example.com:8443/x', { auth: { issuers: { entra } } });
  for (const target of [
    '/.well-known/oauth-authorization-server/x/oauth/entra',
    '/.well-known/openid-configuration/x/oauth/entra',
    '/x/oauth/entra/.well-known/openid-configuration',
  ]) {
    const answer = await send(known, { method: 'GET', target, token: null });
    expect(JSON.parse(answer.body)).toMatchObject({
      issuer: 'https://mcp.example.com:8443/x/oauth/entra',
      token_endpoint: 'https://mcp.example.com:8443/x/oauth/entra/token',
    });
  }
  await known.close();
});

test('PRM-13 AS metadata issuer: while the issuer cannot be asked, nobody is told anything', async () => {
  const away = await startIssuer();
  await away.stop();
  const entra = { preset: 'entra', issuer: away.url, audience: 'api-1' };
  const lonely = await startBareSite({ auth: { issuers: { entra } } });
  const get = (target: string): Promise<RawAnswer> => send(lonely, { method: 'GET', target, token: null });
  expect((await get('/.well-known/oauth-authorization-server/oauth/entra')).status).toBe(503);
  expect((await get(`/oauth/entra/authorize?${query(GOOD)}`)).status).toBe(503);
  const answer = await send(lonely, token(query(CODE)));
  expect([answer.status, errorOf(answer)]).toEqual([503, 'temporarily_unavailable']);
  await lonely.close();
});

test('PRM-13 authorization proxy: the way to the issuer loses what the issuer does not take', async () => {
  await expectUpstreamUntouched(site, async () => {
    const answer = await send(site, authorize(query({ ...GOOD, login_hint: 'alice', unknown: '1' })));
    expect([answer.status, answer.body]).toEqual([302, '']);
    expect(headerValue(answer, 'cache-control')).toBe('no-store');
    const url = new URL(headerValue(answer, 'location') ?? '');
    expect(`${url.origin}${url.pathname}`).toBe(`${issuer.origin}/authorize`);
    const { resource: _dropped, scope: _changed, ...kept } = GOOD;
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: 'ours',
      p: 'own',
      ...kept,
      login_hint: 'alice',
      scope: 'openid api://api-1/file:read api://api-1/file:write',
    });
  });
});

test('PRM-13 authorization proxy: nothing of a request says where it leads', async () => {
  const evil = 'https://evil.example/';
  for (const more of [
    { tenant: evil },
    { authorization_endpoint: evil },
    { iss: evil },
    { host: evil },
    { redirect_to: evil },
    { resource: `${evil}mcp` },
  ]) {
    const answer = await send(site, {
      ...authorize(query({ ...GOOD, ...more })),
      headers: { 'X-Forwarded-Host': 'evil.example' },
    });
    const location = headerValue(answer, 'location') ?? '';
    expect(location.startsWith(`${issuer.origin}/authorize?tenant=ours&p=own&`)).toBe(true);
    expect(location).not.toContain('evil');
  }
});

const DOUBLE = ['redirect_uri', 'client_id', 'state', 'scope', 'response_type', 'code_challenge', 'unknown'];
const BROKEN: Readonly<Record<string, string>> = {
  ...Object.fromEntries(DOUBLE.map((name) => [`two ${name}`, `${query({ ...GOOD, [name]: 'code' })}&${name}=code`])),
  'two names that are one when decoded': `${query(GOOD)}&redirect%5Furi=https%3A%2F%2Fevil.example`,
  'a line break': `${query(GOOD)}&login_hint=a%0d%0aLocation:%20https://evil.example`,
  'a line break in a name': `${query(GOOD)}&a%0d%0ab=c`,
  'a null character': `${query(GOOD)}&login_hint=%00`,
  'bytes that are no UTF-8': `${query(GOOD)}&login_hint=%ff%fe`,
  'half an escape': `${query(GOOD)}&login_hint=%`,
  'a wrong escape': `${query(GOOD)}&login_hint=%zz`,
  'a request object': `${query({ ...GOOD, request: 'eyJ' })}`,
  'a request object by reference': `${query({ ...GOOD, request_uri: 'https://evil.example' })}`,
  'the implicit grant': query({ ...GOOD, response_type: 'token' }),
  'the hybrid flow': query({ ...GOOD, response_type: 'code id_token' }),
  ...Object.fromEntries(
    // RFC 7636 §4.3: without a method it is plain.
    Object.entries({
      'no PKCE': { code_challenge: undefined, code_challenge_method: undefined },
      'no code challenge': { code_challenge: undefined },
      'an empty code challenge': { code_challenge: '' },
      'a code challenge that is no digest': { code_challenge: 'v'.repeat(42) },
      'a code challenge in the other base64': { code_challenge: '+'.repeat(43) },
      'no method of PKCE': { code_challenge_method: undefined },
      'the plain method of PKCE': { code_challenge_method: 'plain' },
      'the method of PKCE in small letters': { code_challenge_method: 's256' },
    }).map(([mistake, over]) => [mistake, query(JSON.parse(JSON.stringify({ ...GOOD, ...over })) as object)]),
  ),
  'no response type': query({ client_id: 'client-1' }),
  nothing: '',
  'too many parameters': `${query(GOOD)}${Array.from({ length: 80 }, (_, at) => `&p${at}=1`).join('')}`,
};

test('PRM-13 authorization proxy: what could be read in two ways leads nowhere', async () => {
  for (const [mistake, text] of Object.entries(BROKEN)) {
    const answer = await send(site, authorize(text));
    expect({ mistake, status: answer.status }).toEqual({ mistake, status: 400 });
    expect(headerValues(answer, 'location')).toEqual([]);
    expect(answer.body).not.toContain('evil');
  }
  expect((await send(site, authorize(`${query(GOOD)}&login_hint=${'x'.repeat(20_000)}`))).status).toBeGreaterThan(399);
  expect((await send(site, { ...authorize(query(GOOD)), method: 'POST', body: '' })).status).toBe(405);
});

test('PRM-13 authorization proxy: a code is exchanged, and nothing is kept or shown', async () => {
  const basic = `Basic ${Buffer.from('client-1:s3cret-of-the-client').toString('base64')}`;
  const form = { ...CODE, resource: 'http://127.0.0.1/mcp', unknown: '1' };
  const { answer, asked } = await askedBy(() => send(site, token(query(form), { Authorization: basic })));
  expect([answer.status, JSON.parse(answer.body)]).toEqual([
    200,
    { access_token: SECRET, token_type: 'Bearer', expires_in: 300 },
  ]);
  expect([headerValue(answer, 'content-type'), headerValue(answer, 'cache-control')]).toEqual([
    'application/json',
    'no-store',
  ]);
  expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual(CODE);
  expect(asked?.headers).toMatchObject({ authorization: basic, accept: 'application/json' });
  const refresh = { grant_type: 'refresh_token', refresh_token: SECRET, scope: 'file:read', client_id: 'client-1' };
  const again = await askedBy(() => send(site, token(`${query(refresh)}&resource=a&resource=b`)));
  expect(Object.fromEntries(new URLSearchParams(again.asked?.body))).toEqual({
    ...refresh,
    scope: 'api://api-1/file:read',
  });
  const trail = await site.gateway.command('trail', '--json');
  expect(trail).toContain('"httpMethod":"POST"');
  for (const secret of [SECRET, 's3cret', basic, CODE.code, GOOD.state, GOOD.code_challenge, 'client-1'])
    expect(`${trail}${site.gateway.talk()}`).not.toContain(secret);
});

test('PRM-13 authorization proxy: what is no token request never reaches the issuer', async () => {
  const good = query(CODE);
  const mistakes: Readonly<Record<string, Call>> = {
    GET: { method: 'GET', target: `/oauth/entra/token?${good}`, token: null },
    'a query': { ...token(good), target: '/oauth/entra/token?client_secret=x' },
    JSON: token(JSON.stringify(CODE), { 'Content-Type': 'application/json' }),
    'no type': token(good, { 'Content-Type': null }),
    'another character set': token(good, { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-16' }),
    'a multipart form': token(good, { 'Content-Type': 'multipart/form-data; boundary=x' }),
    compressed: token(good, { 'Content-Encoding': 'gzip' }),
    'two codes': token(`${good}&code=c-2`),
    'two redirect_uri': token(`${good}&redirect_uri=https%3A%2F%2Fevil.example`),
    'two grant types': token(`${good}&grant_type=refresh_token`),
    'the password grant': token(query({ grant_type: 'password', username: 'a', password: 'b' })),
    'an exchange of tokens': token(query({ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' })),
    'two ways to prove the client': token(`${good}&client_secret=x`, { Authorization: 'Basic YTpi' }),
    'a header and an assertion': token(`${good}&client_assertion=x`, { Authorization: 'Basic YTpi' }),
    'no code verifier': token(query({ ...CODE, code_verifier: '' })),
    'no code verifier at all': token(good.replace(/&code_verifier=v$/, '')),
    'no grant': token('code=c-1'),
    'a line break': token(`${good}&client_id=a%0d%0ab`),
    'a bearer token': token(good, { Authorization: `Bearer ${SECRET}` }),
    'two credentials': token(good, { Authorization: 'Basic YTpi', 'X-API-Key': 'x' }),
    'two Authorization': token(good, { Authorization: ['Basic YTpi', 'Basic YTpi'] }),
    'no Basic at all': token(good, { Authorization: 'Basic ???' }),
    'too much': token(`${good}&x=${'y'.repeat(70_000)}`),
    'a foreign page': token(good, { Origin: 'https://evil.example' }),
    empty: token(''),
  };
  for (const [mistake, call] of Object.entries(mistakes)) {
    const { answer, asked } = await askedBy(() => send(site, call));
    expect({ mistake, refused: answer.status >= 400 && answer.status < 500, asked }).toEqual({ mistake, refused: true, asked: undefined }); // prettier-ignore
    expect(answer.body).not.toContain(SECRET);
  }
});

test('PRM-13 authorization proxy: answers of the issuer are errors of OAuth or none', async () => {
  const cases: readonly (readonly [string, unknown, number, string])[] = [
    ['a refused grant', Response.json({ error: 'invalid_grant' }, { status: 400 }), 400, 'invalid_grant'],
    ['an error with status 200, as of GitHub', { error: 'bad_verification_code' }, 400, 'bad_verification_code'],
    ['a refused client', Response.json({ error: 'invalid_client' }, { status: 401 }), 401, 'invalid_client'],
    ['a refused client with 400', Response.json({ error: 'invalid_client' }, { status: 400 }), 401, 'invalid_client'],
    ['a page', new Response('<html>', { headers: { 'content-type': 'text/html' } }), 503, 'temporarily_unavailable'],
    ['a form', new Response('access_token=x&token_type=bearer'), 503, 'temporarily_unavailable'],
    ['no token', { token_type: 'Bearer' }, 503, 'temporarily_unavailable'],
    [
      'a redirect',
      new Response(null, { status: 302, headers: { location: 'http://127.0.0.1:1/' } }),
      503,
      'temporarily_unavailable',
    ],
    ['its own failure', Response.json({ error: 'server_error' }, { status: 500 }), 503, 'temporarily_unavailable'],
    ['patience', Response.json({}, { status: 429, headers: { 'retry-after': '7' } }), 429, 'temporarily_unavailable'],
    ['an error that is no word', { error: 'a"\r\nb' }, 503, 'temporarily_unavailable'],
    ['far too much', { access_token: 'x'.repeat(600_000) }, 503, 'temporarily_unavailable'],
  ];
  for (const [what, given, status, error] of cases) {
    issuer.answer('/token', given);
    const answer = await send(site, token(query(CODE), { Authorization: 'Basic YTpi' }));
    expect({ what, status: answer.status, error: errorOf(answer) }).toEqual({ what, status, error });
    expect(headerValues(answer, 'location')).toEqual([]);
    expect(headerValues(answer, 'set-cookie')).toEqual([]);
    expect(headerValue(answer, 'www-authenticate')?.startsWith('Basic realm="') ?? false).toBe(status === 401);
    expect(headerValue(answer, 'retry-after') === '7').toBe(status === 429);
  }
  issuer.answer('/token', { access_token: SECRET, token_type: 'Bearer' });
});

test('PRM-13 authorization proxy: who fails at it is slowed down as with any other credential', async () => {
  const strict = await startBareSite({
    limits: { failedPerAddress: '3/min' },
    auth: { issuers: { entra: { preset: 'entra', issuer: issuer.url, audience: 'api-1' } } },
  });
  issuer.answer('/token', Response.json({ error: 'invalid_client' }, { status: 401 }));
  const statuses: number[] = [];
  let waits = Number.NaN;
  for (let at = 0; at < 6; at += 1) {
    const answer = await send(strict, token(query(CODE)));
    statuses.push(answer.status);
    waits = Number(headerValue(answer, 'retry-after'));
  }
  expect(statuses.slice(0, 3)).toEqual([401, 401, 401]);
  expect(statuses.at(-1)).toBe(429);
  expect(waits >= 1 && waits <= 60).toBe(true);
  issuer.answer('/token', { access_token: SECRET, token_type: 'Bearer' });
  await strict.close();
});

test('PRM-13 authorization proxy: the trail says what became of a request, and nobody is served in clear text', async () => {
  const own = await startBareSite({
    limits: LIMITS,
    origins: ['https://app.example'],
    behindProxy: { trusted: ['127.0.0.1'] },
    auth: { issuers: { entra: { preset: 'entra', issuer: issuer.url, audience: 'api-1' } } },
  });
  const ask = (): Promise<RawAnswer> => send(own, token(query(CODE), { Origin: 'https://app.example' }));
  const outcomes: readonly (readonly [unknown, object])[] = [
    [
      { access_token: SECRET, token_type: 'Bearer' },
      { status: 200, decision: 'allow' },
    ],
    [
      Response.json({ error: 'invalid_grant' }, { status: 400 }),
      { status: 400, decision: 'deny', reason: 'params-invalid' },
    ],
    [
      Response.json({ error: 'invalid_client' }, { status: 401 }),
      { status: 401, decision: 'deny', reason: 'credential-unknown' },
    ],
    [new Response('<html>'), { status: 503, decision: 'deny', reason: 'issuer-unavailable' }],
  ];
  for (const [given] of outcomes) {
    issuer.answer('/token', given);
    expect(headerValue(await ask(), 'access-control-allow-origin')).toBe('https://app.example');
  }
  const clear = await askedBy(() => send(own, token(query(CODE), { 'X-Forwarded-Proto': 'http' })));
  expect([clear.answer.status, clear.asked]).toEqual([400, undefined]);
  await waitForRecord(own, { reason: 'clear-text', decision: 'deny' });
  expect((await readRecords(own)).filter(({ httpMethod }) => httpMethod === 'POST')).toMatchObject([
    ...outcomes.map(([, record]) => record),
    { status: 400 },
  ]);
  issuer.answer('/token', { access_token: SECRET, token_type: 'Bearer' });
  await own.close();
});

const register = (name: string, body: string, type = 'application/json'): Call => ({
  target: `/oauth/${name}/register`,
  token: null,
  headers: { 'Content-Type': type, 'MCP-Protocol-Version': null },
  body,
});

test('PRM-13 authorization proxy: registration is passed on where the issuer has it, and only there', async () => {
  const client = { redirect_uris: ['http://127.0.0.1/callback'], client_name: 'é' };
  expect((await send(site, register('entra', JSON.stringify(client)))).status).toBe(404);
  const open = await startIssuer();
  open.answer('/.well-known/oauth-authorization-server', {
    ...metadataOf(open),
    registration_endpoint: `${open.origin}/reg`,
  });
  open.answer('/reg', (request: IssuerRequest) =>
    Response.json({ client_id: 'new', ...(JSON.parse(request.body) as object) }, { status: 201 }),
  );
  const through = await startBareSite({
    limits: LIMITS,
    auth: { issuers: { id: { issuer: open.url, authorizationProxy: 'on' } } },
  });
  const answer = await send(through, register('id', JSON.stringify(client)));
  expect([answer.status, JSON.parse(answer.body)]).toEqual([201, { client_id: 'new', ...client }]);
  const before = open.countOf('/reg');
  for (const call of [
    register('id', '[]'),
    register('id', '{'),
    register('id', 'null'),
    register('id', '{}', 'text/plain'),
  ])
    expect((await send(through, call)).status).toBe(400);
  expect(open.countOf('/reg')).toBe(before);
  // Nothing is dropped for an issuer that takes it.
  const location = headerValue(await send(through, { ...authorize(query(GOOD)), target: `/oauth/id/authorize?${query(GOOD)}&resource=b` }), 'location'); // prettier-ignore
  const parameters = new URL(location ?? '').searchParams;
  expect([parameters.getAll('resource'), parameters.get('scope')]).toEqual([[GOOD.resource, 'b'], GOOD.scope]);
  await through.close();
  await open.close();
});

test('PRM-13 authorization proxy: who waits for a slow issuer holds up nobody else', async () => {
  const slow = await startIssuer();
  slow.answer('/.well-known/oauth-authorization-server', metadataOf(slow));
  const entra = { preset: 'entra', issuer: slow.url, audience: 'api-1' };
  const busy = await startBareSite({ limits: LIMITS, auth: { issuers: { entra } } });
  expect((await send(busy, authorize(query(GOOD)))).status).toBe(302);
  slow.fault('/token', 'hang');
  const asking = Array.from({ length: 100 }, () => send(busy, token(query(CODE))));
  // Those over the bound are told at once; while the others wait, calls go on.
  const first = await Promise.race(asking);
  expect([first.status, headerValue(first, 'retry-after')]).toEqual([503, '1']);
  expect((await send(busy)).status).toBe(200);
  const answers = await Promise.all(asking);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(slow.countOf('/token')).toBeLessThanOrEqual(64);
  slow.fault('/token', 'none');
  slow.answer('/token', { access_token: SECRET, token_type: 'Bearer' });
  expect((await send(busy, token(query(CODE)))).status).toBe(200);
  await busy.close();
  await slow.close();
});

test('PRM-13 authorization proxy: who waits for the issuer has its answer before the gateway stops', async () => {
  const slow = await startIssuer();
  slow.answer('/.well-known/oauth-authorization-server', metadataOf(slow));
  const entra = { preset: 'entra', issuer: slow.url, audience: 'api-1' };
  const busy = await startBareSite({ limits: LIMITS, auth: { issuers: { entra } } });
  slow.fault('/token', 'hang');
  const asking = send(busy, token(query(CODE)));
  await expect.poll(() => slow.countOf('/token')).toBe(1);
  const exited = busy.gateway.kill('SIGTERM');
  // A code is taken once: whatever the issuer says in time is still passed on, here that it says nothing.
  const answer = await asking;
  expect([answer.status, errorOf(answer)]).toEqual([503, 'temporarily_unavailable']);
  expect(await exited).toBe(0);
  await slow.close();
});
