import { describe, expect, it } from 'vitest';
import type { OutgoingRequest } from '../../core/outgoing.ts';
import { FORMS, type LookupForm, type Question } from './forms.ts';

const TOKEN = 'a secret&token';
const URL_OF_ISSUER = 'https://id.example/ask';
const NOW = 1_800_000_000_000;
const { introspection, userinfo } = FORMS;

/** What the form asks, and for which places the gateway proved to be a client. */
async function ask(form: LookupForm, more: Partial<Question> = {}) {
  const proved: unknown[] = [];
  const request = await form.toRequest({
    token: TOKEN,
    url: URL_OF_ISSUER,
    issuer: 'https://id.example',
    client: 'gateway',
    async authenticate(sent, to) {
      sent.set('client_id', 'gateway');
      proved.push(to);
      return ['x-proof', 'of the client'];
    },
    now: NOW,
    ...more,
  });
  return { ...request, headers: headersOf(request), proved };
}

function headersOf({ headers = [] }: OutgoingRequest): Record<string, string> {
  const named: Record<string, string> = {};
  for (let at = 0; at < headers.length; at += 2) named[headers[at] as string] = headers[at + 1] as string;
  return named;
}

const everyForm = Object.entries(FORMS).flatMap(([by, forms]) =>
  Object.entries(forms).map(([name, form]): [string, LookupForm] => [`${by} of ${name}`, form]),
);

describe('every form', () => {
  it.each(everyForm)('%s carries the token, and never in the URL', async (_, form) => {
    const { url, headers, body = '' } = await ask(form);
    expect(decodeURIComponent(url)).not.toContain('secret');
    expect(`${headers['authorization']} ${body}`).toMatch(/a.secret(?:&|%26)token/);
  });
});

describe('introspection as RFC 7662 has it', () => {
  const form = introspection.rfc7662;

  it('posts the token in a form, with the proof of the client in form and headers', async () => {
    const { method, url, headers, body, proved } = await ask(form);
    expect([method, url]).toEqual(['POST', URL_OF_ISSUER]);
    expect(headers).toEqual({ 'content-type': 'application/x-www-form-urlencoded', 'x-proof': 'of the client' });
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      token: TOKEN,
      token_type_hint: 'access_token',
      client_id: 'gateway',
    });
    expect(proved).toEqual([{ issuer: 'https://id.example', endpoint: URL_OF_ISSUER, now: NOW }]);
  });

  it('takes the answer as it is when it says that the token is active', () => {
    const answer = { active: true, sub: 'alice' };
    expect(form.toClaims(answer, {})).toEqual(answer);
  });

  it.each([[false], ['true'], [1], [undefined]])('takes active: %j for a token that is not', (active) => {
    expect(form.toClaims({ active, sub: 'alice' }, {})).toBeNull();
  });
});

describe("GitHub's check of a token", () => {
  const form = introspection.github;
  const answer = { user: { id: 7, login: 'octocat' }, app: { client_id: 'Iv1' }, scopes: ['repo'] };

  it('posts the token as JSON to the place of the app, and proves to be the app there', async () => {
    const { method, url, headers, body, proved } = await ask(form, { client: 'a/b' });
    expect([method, url]).toEqual(['POST', `${URL_OF_ISSUER}/a%2Fb/token`]);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'application/vnd.github+json',
      'user-agent': 'latchkey',
      'x-proof': 'of the client',
    });
    expect(JSON.parse(body ?? '')).toEqual({ access_token: TOKEN });
    expect(proved).toEqual([{ issuer: 'https://id.example', endpoint: url, now: NOW }]);
  });

  it('names no app where the gateway is none', async () => {
    expect((await ask(form, { client: null })).url).toBe(`${URL_OF_ISSUER}//token`);
  });

  it('says who the user is by number, and which app the token is for', () => {
    expect(form.toClaims(answer, {})).toEqual({
      sub: '7',
      login: 'octocat',
      aud: 'Iv1',
      client_id: 'Iv1',
      scope: ['repo'],
    });
  });

  it('has no end for a token without one', () => {
    expect(form.toClaims({ ...answer, expires_at: null }, {})).not.toHaveProperty('exp');
  });

  it('says the end in seconds, and nothing usable for what is no date', () => {
    expect(form.toClaims({ ...answer, expires_at: '2027-01-15T08:00:00Z' }, {})).toHaveProperty('exp', NOW / 1000);
    expect(form.toClaims({ ...answer, expires_at: 'soon' }, {})).toHaveProperty('exp', Number.NaN);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['missing', undefined],
    ['a text', 'octocat'],
    ['an object without any of it', {}],
    ['an object that only inherits it', Object.create({ id: 7, login: 'octocat', client_id: 'Iv1' })],
  ])('knows neither user nor app where they are %s', (_, nobody) => {
    const claims = form.toClaims({ user: nobody, app: nobody, scopes: [] }, {});
    expect(claims).toEqual({ sub: undefined, login: undefined, aud: undefined, client_id: undefined, scope: [] });
  });

  it.each([['7'], [7.5], [2 ** 53]])('takes no user of the number %j', (id) => {
    expect(form.toClaims({ ...answer, user: { id } }, {})).toMatchObject({ sub: undefined });
  });

  it('takes 404 for a token that is no good, and no other status', () => {
    expect(form.refusals).toEqual([404]);
  });
});

describe("Google's check of an access token", () => {
  const form = introspection.google;
  const answer = { sub: '1', aud: 'app', azp: 'other', exp: '1800000000', scope: 'email', email: 'a@b.example' };

  it('posts an empty form, with the token in a header', async () => {
    const { method, url, headers, body, proved } = await ask(form);
    expect([method, url, body]).toEqual(['POST', URL_OF_ISSUER, '']);
    expect(headers).toEqual({
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Bearer ${TOKEN}`,
    });
    expect(proved).toEqual([]);
  });

  it('says it in the words of claims, and nothing else', () => {
    expect(form.toClaims({ ...answer, email_verified: 'true', expires_in: '5' }, {})).toEqual({
      sub: '1',
      aud: 'app',
      client_id: 'other',
      exp: 1_800_000_000,
      scope: 'email',
      email: 'a@b.example',
      email_verified: 'true',
    });
  });

  it.each([[1_800_000_000], ['1e9'], ['180000000000'], [''], [undefined]])('takes no end of %j', (exp) => {
    expect(form.toClaims({ ...answer, exp }, {})).toMatchObject({ exp: null });
  });

  it('lets nothing stand in for an audience that is missing', () => {
    expect(form.toClaims({ ...answer, aud: undefined }, {})).toMatchObject({ aud: null });
  });
});

describe('user info as OpenID Connect has it', () => {
  const form = userinfo.rfc7662;

  it('gets it with the token in a header', async () => {
    const { method, url, headers, body, proved } = await ask(form);
    expect([method, url, body]).toEqual(['GET', URL_OF_ISSUER, undefined]);
    expect(headers).toEqual({ authorization: `Bearer ${TOKEN}` });
    expect(proved).toEqual([]);
  });

  it('is what Google is asked by, too', () => {
    expect(userinfo.google).toBe(form);
  });

  it.each<[string, object, unknown]>([
    ['client_id', { client_id: 'app' }, 'app'],
    ['azp', { azp: 'app' }, 'app'],
    ['both alike', { client_id: 'app', azp: 'app' }, 'app'],
    ['aud, where it names no client otherwise', { aud: 'app' }, 'app'],
    ['a list of one audience', { aud: ['app'] }, 'app'],
    ['nobody when client_id and azp differ', { client_id: 'app', azp: 'other' }, undefined],
    ['nobody when there are two audiences', { aud: ['app', 'other'] }, undefined],
    ['nobody when nothing is said', {}, undefined],
  ])('knows the client by %s', (_, answer, client) => {
    expect(form.toClaims({ sub: 'alice', ...answer }, {})).toMatchObject({
      sub: 'alice',
      client_id: client,
      azp: client,
    });
  });

  it('keeps the audience that is said, and else takes the client for it', () => {
    expect(form.toClaims({ client_id: 'app', aud: 'api' }, {})).toMatchObject({ client_id: 'app', aud: 'api' });
    expect(form.toClaims({ client_id: 'app' }, {})).toMatchObject({ aud: 'app' });
  });
});

describe("GitHub's user", () => {
  const form = userinfo.github;

  it('gets it with the token in a header, of a fixed version of the API', async () => {
    const { method, url, headers } = await ask(form);
    expect([method, url]).toEqual(['GET', URL_OF_ISSUER]);
    expect(headers).toEqual({
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      'user-agent': 'latchkey',
      authorization: `Bearer ${TOKEN}`,
    });
  });

  it('reads the app and the scopes in the headers, and not in the body', () => {
    const answer = { id: 7, login: 'octocat', client_id: 'forged', scope: 'forged' };
    expect(form.toClaims(answer, { 'x-oauth-client-id': 'Iv1', 'x-oauth-scopes': 'repo, user,gist' })).toEqual({
      sub: '7',
      login: 'octocat',
      aud: 'Iv1',
      client_id: 'Iv1',
      scope: ['repo', 'user', 'gist'],
    });
  });

  it('knows neither app nor scopes where the headers do not say', () => {
    expect(form.toClaims({ id: 7 }, {})).toMatchObject({ sub: '7', aud: undefined, scope: undefined });
  });
});
