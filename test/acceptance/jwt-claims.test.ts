import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer } from '../fixtures/issuer.ts';
import { initializeCall, legacyCall, openSession, send, startSite } from './harness.ts';
import { expectTokensRefused, expectTokensServed, NO_LIMITS, startJwtSite, type JwtSite } from './jwt-site.ts';
import { waitForRecord } from './trail-records.ts';

let site: JwtSite;

beforeAll(async () => {
  site = await startJwtSite();
});
afterAll(() => site.close());

const seconds = (offset = 0): number => Math.floor(Date.now() / 1000) + offset;

/** A token whose payload is this text over the right claims, where JSON.stringify would not write it. */
function mintText(members: string): Promise<string> {
  const right = { iss: site.issuer.url, sub: 'alice', aud: site.gateway.url, scope: 'file:read' };
  return site.issuer.sign(`${JSON.stringify(right).slice(0, -1)},${members}}`);
}

test('JWT-12 the issuer is compared letter by letter', async () => {
  const { url, origin } = site.issuer;
  const { port } = new URL(url);
  const tokens: Record<string, Promise<string>> = {};
  for (const iss of [
    `${url}/`,
    url.toUpperCase(),
    url.replace('http', 'HTTP'),
    url.replace('127.0.0.1', 'localhost'),
    url.replace('127.0.0.1', '127.1'),
    url.replace(`:${port}`, ''),
    url.replace(`:${port}`, `:0${port}`),
    url.replace('//', '//a@'),
    `${url}.evil.example`,
    `${url}?`,
    `${url}#`,
    `${url}/tenant`,
    ` ${url}`,
    `${url} `,
    `${url}\u0000`,
    url.slice(0, -1),
    origin.slice(7),
    '',
    'test',
    undefined,
    null,
    [url],
    [url, url],
    { url },
    true,
    0,
  ])
    tokens[`iss ${JSON.stringify(iss)}`] = site.mint({ iss });
  tokens['iss twice'] = mintText(`"exp":${seconds(300)},"iss":"${url}"`);
  tokens['iss in another case beside it'] = mintText(`"exp":${seconds(300)},"ISS":"${url}"`);
  await expectTokensRefused(site, tokens);
});

test('JWT-12 an issuer with a slash at its end is that issuer', async () => {
  const slashed = await startIssuer({ path: '/tenant/' });
  slashed.answer('/.well-known/oauth-authorization-server/tenant', {
    issuer: slashed.url,
    jwks_uri: `${slashed.origin}/jwks`,
  });
  const other = await startJwtSite({ others: { slashed: { issuer: slashed.url } } });
  const claims = { aud: other.gateway.url, scope: 'file:read' };
  await expectTokensServed(other, { slashed: slashed.accessToken(claims) });
  await expectTokensRefused(other, {
    'without the slash': slashed.accessToken({ ...claims, iss: slashed.url.slice(0, -1) }),
  });
  await other.close();
  await slashed.close();
});

test('JWT-14 a token for somebody else', async () => {
  const { url } = site.gateway;
  const tokens: Record<string, Promise<string>> = {};
  for (const aud of [
    undefined,
    null,
    '',
    [],
    {},
    true,
    0,
    'https://api.example.com',
    'test-client',
    new URL(url).origin,
    `${new URL(url).origin}/`,
    `${url}/`,
    `${url}/tools`,
    `${url}x`,
    `${url}?`,
    `${url}#`,
    url.slice(0, -1),
    url.replace('/mcp', '/other'),
    url.replace('/mcp', '/MCP'),
    url.replace('http', 'HTTP'),
    url.replace('127.0.0.1', 'localhost'),
    ` ${url}`,
    `${url} https://other.example`,
    [url, 'https://other.example'],
    ['https://other.example', url],
    [url, 1],
    [[url]],
    [url, null],
    { 0: url },
  ])
    tokens[`aud ${JSON.stringify(aud)}`] = site.mint({ aud });
  tokens['aud twice'] = mintText(`"exp":${seconds(300)},"aud":"${url}"`);
  await expectTokensRefused(site, tokens);
  await expectTokensServed(site, {
    text: site.mint(),
    list: site.mint({ aud: [url] }),
    twice: site.mint({ aud: [url, url] }),
  });
});

test('JWT-14 audiences of the configuration, and others beside them only where that is allowed', async () => {
  const audience = ['https://api.example.com', 'api'];
  const several = await startJwtSite({ settings: { audience } });
  await expectTokensServed(several, {
    first: several.mint({ aud: audience[0] }),
    second: several.mint({ aud: ['api'] }),
    both: several.mint({ aud: audience }),
  });
  await expectTokensRefused(several, {
    'the URL, which is not in the list': several.mint(),
    foreign: several.mint({ aud: ['api', 'userinfo'] }),
  });
  await several.close();
  const open = await startJwtSite({ settings: { audience: 'api', foreignAudiences: true } });
  await expectTokensServed(open, { foreign: open.mint({ aud: ['api', 'userinfo'] }) });
  await expectTokensRefused(open, {
    'others only': open.mint({ aud: ['userinfo', 'other'] }),
    'the issuer too': open.mint({ aud: ['api', open.issuer.url] }),
  });
  await open.close();
});

test('JWT-14 a token for one server of the gateway is none for another', async () => {
  const issuer = await startIssuer();
  const spied = await startSite();
  const upstream = { url: spied.spy.url };
  const tools = { echo: { scopes: ['file:read'] } };
  const two = await startSite({
    upstream: undefined,
    tools: undefined,
    resources: undefined,
    prompts: undefined,
    limits: NO_LIMITS,
    auth: { issuers: { test: { issuer: issuer.url } } },
    servers: { one: { upstream, tools }, two: { upstream, tools } },
  });
  const { origin } = new URL(two.gateway.url);
  const token = await issuer.accessToken({ aud: `${origin}/one/mcp`, scope: 'file:read' });
  const good = await send(two, { target: '/one/mcp', token });
  expect(good.status).toBe(200);
  spied.spy.reset();
  expect((await send(two, { target: '/two/mcp', token })).status).toBe(401);
  expect(spied.spy.bytes()).toBe('');
  await two.close();
  await spied.close();
  await issuer.close();
});

test('JWT-17 an end that is missing, past or no number', async () => {
  const tokens: Record<string, Promise<string>> = {};
  for (const exp of [
    undefined,
    null,
    '',
    `${seconds(300)}`,
    'NaN',
    'never',
    true,
    [seconds(300)],
    {},
    -1,
    -seconds(300),
    0,
    seconds(-31),
    seconds(-31) + 0.5,
    seconds(300) * 1000,
  ])
    tokens[`exp ${JSON.stringify(exp)}`] = site.mint({ exp });
  for (const text of [
    'NaN',
    'Infinity',
    '1e400',
    '-1e400',
    '0x7fffffff',
    `0${seconds(300)}`,
    `+${seconds(300)}`,
    `${seconds(300)}.`,
  ])
    tokens[`exp ${text}`] = mintText(`"exp":${text}`);
  tokens['exp twice'] = mintText(`"exp":${seconds(-60)},"exp":${seconds(300)}`);
  tokens['exp in another case'] = mintText(`"EXP":${seconds(300)}`);
  await expectTokensRefused(site, tokens);
  await expectTokensServed(site, {
    'a fraction': site.mint({ exp: seconds(300) + 0.5 }),
    'an exponent': mintText(`"exp":${seconds(300) / 10}e1`),
    'within the leeway': site.mint({ exp: seconds(-5) }),
  });
});

test('JWT-17 a beginning that is still to come or no number', async () => {
  const tokens: Record<string, Promise<string>> = {};
  for (const name of ['nbf', 'iat'])
    for (const value of [seconds(120), `${seconds()}`, -1, null, true, [seconds()], seconds() * 1000])
      tokens[`${name} ${JSON.stringify(value)}`] = site.mint({ [name]: value });
  await expectTokensRefused(site, tokens);
  await expectTokensServed(site, {
    'nbf within the leeway': site.mint({ nbf: seconds(20) }),
    'iat within the leeway': site.mint({ iat: seconds(20) }),
    'no iat': site.mint({ iat: undefined }),
  });
});

test('JWT-17 a token that was accepted ends at its end', async () => {
  const token = await site.mint({ exp: seconds(-28) });
  await expectTokensServed(site, { 'in the leeway': token });
  await expect.poll(async () => (await send(site, { token })).status, { timeout: 10_000, interval: 100 }).toBe(401);
  await expectTokensRefused(site, { 'after it': token });
});

test('JWT-34 a subject that is missing or no text', async () => {
  const tokens: Record<string, Promise<string>> = {};
  for (const sub of [undefined, null, '', 0, 1, true, ['alice'], { sub: 'alice' }, 'x'.repeat(9000)])
    tokens[`sub ${JSON.stringify(sub)?.slice(0, 20)}`] = site.mint({ sub });
  tokens['sub twice'] = mintText(`"exp":${seconds(300)},"sub":"root"`);
  tokens['sub in another case'] = mintText(`"exp":${seconds(300)},"Sub":"root"`);
  await expectTokensRefused(site, tokens);
});

test('JWT-34 an odd subject leaves no odd character in trail and log', async () => {
  const { issuer } = site;
  const odd = {
    ansi: '\u001b[31mroot\u001b[0m',
    newline: 'alice\n{"principal":"root"}',
    bidi: 'alice\u202egnp',
    long: 'a'.repeat(4096),
    space: 'alice smith',
    digest: 'sha256-0123456789abcdef0123456789abcdef',
  };
  for (const [name, sub] of Object.entries(odd)) {
    await expectTokensServed(site, { [name]: site.mint({ sub, client_id: sub.slice(0, 500) }) });
    await waitForRecord(site, { decision: 'allow' });
  }
  const trail = await site.gateway.command('trail', '--json');
  const printed = `${trail}${site.gateway.talk()}`;
  for (const sub of ['\u001b', '\u202e', '"principal":"root"', 'a'.repeat(200)]) expect(printed).not.toContain(sub);
  const named = trail.match(/issuer:test:sha256-[0-9a-f]{32}/g) ?? [];
  expect(new Set(named).size).toBe(Object.keys(odd).length);
  expect(issuer.countOf('/jwks')).toBeGreaterThan(0);
});

test('JWT-34 the same subject at two issuers is two principals', async () => {
  const other = await startIssuer();
  const both = await startJwtSite({ others: { other: { issuer: other.url } } });
  const first = await both.mint({ sub: 'alice' });
  const second = await other.accessToken({ sub: 'alice', aud: both.gateway.url, scope: 'file:read' });
  await expectTokensServed(both, { first, second });
  await waitForRecord(both, { principal: 'issuer:test:alice', decision: 'allow' });
  await waitForRecord(both, { principal: 'issuer:other:alice', decision: 'allow' });
  const legacy = legacyCall('tools/call', { name: 'echo', arguments: { text: 'hi' } }, await openSession(both, first));
  expect((await send(both, { ...legacy, token: first })).status).toBe(200);
  both.spy.reset();
  expect([403, 404]).toContain((await send(both, { ...legacy, token: second })).status);
  expect(both.spy.bytes()).toBe('');
  expect((await send(both, { ...initializeCall(), token: second })).status).toBe(200);
  await both.close();
  await other.close();
});

test('JWT-14 what the configuration says of an issuer is asked of each of its tokens', async () => {
  const settings = {
    audienceClaim: 'client_id',
    audience: 'app',
    clients: ['app'],
    types: ['JWT'],
    algorithms: ['EdDSA', 'ES256'],
    require: { token_use: 'access', tenant: ['a', 'b'] },
    scopes: { claims: ['permissions'], map: { 'realm.roles': { reader: ['file:read'] } } },
  };
  const strict = await startJwtSite({ settings });
  const right = { aud: undefined, client_id: 'app', token_use: 'access', tenant: 'b', scope: undefined };
  const reader = { ...right, permissions: ['other', 'file:read'] };
  const mint = (claims: object, typ = 'JWT') => strict.mint(claims, { typ });
  await expectTokensServed(strict, { claims: mint(reader), map: mint({ ...right, realm: { roles: ['reader'] } }) });
  await expectTokensRefused(strict, {
    'another type': mint(reader, 'at+jwt'),
    'of another client, which stands for the audience': mint({ ...reader, client_id: 'other' }),
    'without a claim that is needed': mint({ ...reader, token_use: undefined }),
    'with another text in it': mint({ ...reader, token_use: 'id' }),
    'with none of its texts': mint({ ...reader, tenant: 'c' }),
  });
  await expectTokensRefused(
    strict,
    { 'a claim that is no scope here': mint({ ...right, scope: 'file:read' }), 'no role': mint(right) },
    403,
  );
  await strict.close();
});
