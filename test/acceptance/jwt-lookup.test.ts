import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectRefused, send } from './harness.ts';
import { expectTokensRefused, expectTokensServed } from './jwt-site.ts';
import { askedAbout, BASIC, newToken, rawJson, startLookupSite, type LookupSite } from './lookup-site.ts';

let site: LookupSite;
beforeAll(async () => {
  site = await startLookupSite({ settings: { clients: ['test-client'] } });
});
afterAll(() => site.close());

const SECONDS = Math.floor(Date.now() / 1000);

test('JWT-28 only a token of which the issuer says active: true comes in', async () => {
  const odd = ['true', 'True', '', 1, 0, null, [], [true], {}, { active: true }, false, undefined];
  const tokens = odd.map((active) => [`active ${JSON.stringify(active)}`, site.goodToken({ active })]);
  await expectTokensRefused(site, {
    ...Object.fromEntries(tokens),
    'unknown to the issuer': newToken(),
    'active within something else': site.token({ data: site.claims() }),
  });
  await expectTokensServed(site, { 'active true': site.goodToken() });
});

test('JWT-28 an answer that two programs could read in two ways lets nobody in', async () => {
  const claims = JSON.stringify(site.claims()).slice(1, -1);
  await expectTokensRefused(
    site,
    {
      'active twice, true last': site.token(rawJson(`{"active":false,${claims}}`)),
      'active twice, true first': site.token(rawJson(`{${claims},"active":false}`)),
      'active in other letters': site.token(rawJson(`{"Active":false,${claims}}`)),
      'bytes that are no text': site.token(
        new Response(Buffer.from(`{${claims},"name":"\u00ff"}`, 'latin1'), {
          headers: { 'content-type': 'application/json' },
        }),
      ),
      'a list': site.token(rawJson(`[{${claims}}]`)),
      'text after it': site.token(rawJson(`{${claims}}{}`)),
      'a comment in it': site.token(rawJson(`{${claims}/**/}`)),
      'a mark before it': site.token(rawJson(`\uFEFF{${claims}}`)),
      null: site.token(rawJson('null')),
      nothing: site.token(rawJson('')),
      'another type': site.token(new Response(`{${claims}}`, { headers: { 'content-type': 'text/html' } })),
      'no type': site.token(new Response(Buffer.from(`{${claims}}`))),
      'a signed answer': site.token(
        new Response(`{${claims}}`, { headers: { 'content-type': 'application/token-introspection+jwt' } }),
      ),
    },
    503,
  );
});

test('JWT-30 what the issuer says of an active token is judged like the claims of a JWT', async () => {
  const wrong: Record<string, object> = {
    'exp past': { exp: SECONDS - 60 },
    'exp a text': { exp: String(SECONDS + 300) },
    'exp null': { exp: null },
    'exp negative': { exp: -1 },
    'nbf ahead': { nbf: SECONDS + 300 },
    'iat ahead': { iat: SECONDS + 300 },
    'aud missing': { aud: undefined },
    'aud null': { aud: null },
    'aud empty': { aud: [] },
    'aud another': { aud: 'https://other.example/mcp' },
    'aud another path': { aud: `${site.gateway.url}/x` },
    'aud ours and another': { aud: [site.gateway.url, 'https://other.example'] },
    'aud the issuer': { aud: site.issuer.url },
    'iss another': { iss: 'https://other.example' },
    'iss with a slash more': { iss: `${site.issuer.url}/` },
    'iss a list': { iss: [site.issuer.url] },
    'iss null': { iss: null },
    'sub missing': { sub: undefined },
    'sub empty': { sub: '' },
    'sub a number': { sub: 7 },
    'client another': { client_id: 'other-client' },
    'client missing': { client_id: undefined },
    'a refresh token, as Keycloak says it': { typ: 'Refresh' },
    'a refresh token, as Hydra says it': { token_use: 'refresh_token' },
    'a token of no known type': { token_type: 'N_A' },
    'token_type a list': { token_type: ['Bearer'] },
    'bound to a certificate': { cnf: { 'x5t#S256': 'a'.repeat(43) } },
    'bound to a key that is not named': { token_type: 'DPoP' },
  };
  const tokens = Object.entries(wrong).map(([name, over]) => [name, site.goodToken(over)]);
  await expectTokensRefused(site, Object.fromEntries(tokens));
  await expectTokensServed(site, {
    'iss ours': site.goodToken({ iss: site.issuer.url }),
    'token_type bearer': site.goodToken({ token_type: 'bearer' }),
    'without exp': site.goodToken({ exp: undefined }),
    'aud a list': site.goodToken({ aud: [site.gateway.url] }),
  });
});

test('JWT-30 an active token without the scope gets 403', async () => {
  await expectTokensRefused(site, { 'no scope': site.goodToken({ scope: undefined }) }, 403);
  await expectTokensRefused(site, { 'every scope, so it says': site.goodToken({ scope: '*' }) }, 403);
});

describe('what the issuer is asked', () => {
  test('JWT-28 it is a POST with the token in its form and the proof of the client', async () => {
    const token = site.goodToken();
    await expectTokensServed(site, { good: token });
    const request = site.issuer.requests.findLast(({ path }) => path === '/introspect');
    expect(request).toMatchObject({ method: 'POST', query: '' });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      authorization: BASIC,
    });
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({ token, token_type_hint: 'access_token' });
  });

  test('JWT-28 many callers with one token are one question, and so is a token that is no good', async () => {
    for (const [token, status] of [
      [site.goodToken(), 200],
      [newToken(), 401],
    ] as const) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(site, { token })));
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([status]));
      expect((await send(site, { token })).status).toBe(status);
      expect(askedAbout(site.issuer).filter((asked) => asked === token)).toEqual([token]);
    }
  });

  test('JWT-28 neither JWTs nor API keys nor credentials of the gateway are shown to it', async () => {
    const before = site.issuer.countOf('/introspect');
    await expectTokensServed(site, { 'a JWT of the issuer': site.mint(), 'a token of ours': site.tokens.aliceRead });
    await expectTokensRefused(site, {
      'a JWT of somebody else': site.mint({ iss: 'https://other.example' }),
      'a JWT with a wrong signature': (await site.mint()).slice(0, -4),
      'a wrong token of ours': `${site.tokens.aliceRead.slice(0, -1)}_`,
    });
    await expectRefused(site, { token: null, headers: { 'X-API-Key': newToken() } }, 401);
    expect(site.issuer.countOf('/introspect')).toBe(before);
  });

  test('JWT-28 no token stands in what the gateway says and writes down', async () => {
    const tokens = [site.goodToken(), newToken(), site.token('garbage'), site.goodToken({ aud: 'other' })];
    for (const token of tokens) await send(site, { token });
    const trail = (): Promise<string> => site.gateway.command('trail', '--json');
    await expect.poll(trail).toContain('the issuer does not say that it is active');
    const written = `${site.gateway.talk()}${await trail()}`;
    for (const token of tokens) expect(written).not.toContain(token);
    expect(site.issuer.requests.filter(({ query }) => query !== '')).toEqual([]);
  });
});
