import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer, type IssuerRequest, type TestIssuer } from '../fixtures/issuer.ts';
import { expectTokensRefused, expectTokensServed } from './jwt-site.ts';
import {
  askedAbout,
  BASIC,
  CLIENT,
  GATEWAY_SECRET,
  newToken,
  rawJson,
  startLookupSite,
  type LookupSite,
} from './lookup-site.ts';

const json = (value: unknown, status = 200) => Response.json(value, { status });

describe('user-info', () => {
  let site: LookupSite;
  beforeAll(async () => {
    const settings = { introspection: false, userinfo: {}, client: undefined, clients: ['app-1', 'app-2'] };
    site = await startLookupSite({ settings });
  });
  afterAll(() => site.close());

  const profile = (answer: unknown): string => {
    const token = newToken();
    site.issuer.userinfo(token, answer);
    return token;
  };
  const person = { sub: 'alice', scope: 'file:read' };

  test('JWT-32 a token of another client is refused, though the issuer knows its user', async () => {
    await expectTokensRefused(site, {
      'of another client': profile({ ...person, client_id: 'app-3' }),
      'of another client, by azp': profile({ ...person, azp: 'app-3' }),
      'of another client, by aud': profile({ ...person, aud: 'app-3' }),
      'of a client that is not told': profile(person),
      'of two clients': profile({ ...person, client_id: 'app-1', azp: 'app-2' }),
      'of ours and another': profile({ ...person, client_id: 'app-1', azp: 'app-3' }),
      'for ours and another': profile({ ...person, aud: ['app-1', 'app-3'] }),
      'of ours for another': profile({ ...person, client_id: 'app-1', aud: 'app-3' }),
      'of a list of clients': profile({ ...person, client_id: ['app-1'] }),
      'of a client in other letters': profile({ ...person, client_id: 'APP-1' }),
      'of a client with a space': profile({ ...person, client_id: 'app-1 ' }),
      'of ours, without a user': profile({ ...person, sub: undefined, client_id: 'app-1' }),
      'of ours, by another issuer': profile({ ...person, iss: 'https://other.example', client_id: 'app-1' }),
      'of ours, expired': profile({ ...person, exp: 1, client_id: 'app-1' }),
      'that the issuer does not know': newToken(),
      'that may not ask for its user': profile(json({ error: 'insufficient_scope' }, 403)),
    });
  });

  test('JWT-32 the issuer is asked at `userinfo.url`, where that is said', async () => {
    const issuer = await startIssuer();
    issuer.answer('/people/me', { ...person, client_id: 'app-1' });
    const settings = { introspection: false, client: undefined, clients: ['app-1'] };
    const userinfo = { url: `${issuer.origin}/people/me` };
    const own = await startLookupSite({ settings: { ...settings, issuer: issuer.url, userinfo } });
    const token = newToken();
    await expectTokensServed(own, { token });
    expect(askedAbout(issuer, '/people/me')).toEqual([token]);
    expect(askedAbout(issuer, '/userinfo')).toEqual([]);
    await own.close();
    await issuer.close();
  });

  test('JWT-32 an answer that could be read in two ways, or is none, lets nobody in', async () => {
    await expectTokensRefused(
      site,
      {
        'client twice': profile(rawJson('{"sub":"alice","client_id":"app-3","client_id":"app-1","scope":"file:read"}')),
        signed: profile(new Response('e30.e30.', { headers: { 'content-type': 'application/jwt' } })),
        error: profile(json({ sub: 'alice', client_id: 'app-1', scope: 'file:read' }, 500)),
      },
      503,
    );
  });

  test('JWT-32 a token of a client on the list comes in', async () => {
    await expectTokensServed(site, {
      client_id: profile({ ...person, client_id: 'app-1' }),
      azp: profile({ ...person, azp: 'app-2' }),
      aud: profile({ ...person, aud: 'app-1' }),
      'aud a list of one': profile({ ...person, aud: ['app-1'] }),
    });
    expect(site.issuer.requests.filter(({ query }) => query !== '')).toEqual([]);
  });
});

describe('GitHub', () => {
  let site: LookupSite;
  let github: TestIssuer;
  beforeAll(async () => {
    github = await startIssuer();
    site = await startLookupSite({
      settings: {
        preset: 'github',
        introspection: { url: `${github.origin}/applications` },
        scopes: { map: { scope: { 'read:user': ['file:read'] } } },
      },
    });
  });
  afterAll(async () => {
    await site.close();
    await github.close();
  });

  const known = new Map<string, unknown>();
  const check = ({ headers, body }: IssuerRequest): unknown => {
    const { access_token: token } = JSON.parse(body) as { access_token: string };
    if (headers.authorization !== BASIC) return json({ message: 'Bad credentials' }, 401);
    return known.get(token) ?? json({ message: 'Not Found' }, 404);
  };
  const app = { client_id: CLIENT.id, name: 'gateway', url: 'https://app.example' };
  const right = {
    id: 1,
    token: '',
    scopes: ['read:user'],
    app,
    user: { id: 583_231, login: 'octocat' },
    expires_at: null,
  };
  const token = (over: object, prefix = 'gho_'): string => {
    const text = newToken(prefix);
    known.set(text, { ...right, ...over });
    return text;
  };

  test('JWT-32 GitHub is asked whether the token was made for this application', async () => {
    github.answer(`/applications/${encodeURIComponent(CLIENT.id)}/token`, check);
    await expectTokensRefused(site, {
      'of another application': token({ app: { ...app, client_id: 'other' } }),
      'of no application': token({ app: null }),
      'of nobody': token({ user: null }),
      'of a user without a number': token({ user: { login: 'octocat' } }),
      expired: token({ expires_at: '2020-01-01T00:00:00Z' }),
      'that ends at no time': token({ expires_at: 'soon' }),
      unknown: newToken('gho_'),
      'of another kind': token({}, 'ghp_'),
    });
    await expectTokensRefused(site, { 'without the scope': token({ scopes: ['repo'] }) }, 403);
    await expectTokensServed(site, {
      'of an OAuth app': token({}),
      'of a GitHub app': token({ expires_at: new Date(Date.now() + 3_600_000).toISOString() }, 'ghu_'),
    });
    const last = github.requests.at(-1);
    expect(last).toMatchObject({ method: 'POST', query: '', path: `/applications/gate%20way%3A1/token` });
    expect(last?.headers).toMatchObject({ 'user-agent': 'latchkey', accept: 'application/vnd.github+json' });
    expect(github.requests.every(({ body }) => !body.includes('ghp_'))).toBe(true);
    expect(site.issuer.requests).toEqual([]);
  });
});

describe('Google', () => {
  let site: LookupSite;
  let google: TestIssuer;
  beforeAll(async () => {
    google = await startIssuer();
    site = await startLookupSite({
      settings: {
        preset: 'google',
        client: undefined,
        clients: ['app.apps.googleusercontent.com'],
        introspection: { url: `${google.origin}/tokeninfo` },
        scopes: { map: { email: { 'alice@example.com': ['file:read'] } } },
      },
    });
  });
  afterAll(async () => {
    await site.close();
    await google.close();
  });

  const known = new Map<string, unknown>();
  const right = {
    azp: 'app.apps.googleusercontent.com',
    aud: 'app.apps.googleusercontent.com',
    sub: '1155',
    scope: 'openid https://www.googleapis.com/auth/userinfo.email',
    exp: String(Math.floor(Date.now() / 1000) + 300),
    expires_in: '300',
    email: 'alice@example.com',
    email_verified: 'true',
    access_type: 'online',
  };
  const token = (over: object): string => {
    const text = newToken('ya29.');
    known.set(text, { ...right, ...over });
    return text;
  };

  test('JWT-32 Google is asked for whom the token was made, without the token in a URL', async () => {
    google.answer('/tokeninfo', ({ headers }: IssuerRequest) => {
      const asked = headers.authorization?.replace('Bearer ', '') ?? '';
      return known.get(asked) ?? json({ error: 'invalid_token', error_description: 'Invalid Value' }, 400);
    });
    await expectTokensRefused(site, {
      'of another client': token({ azp: 'other', aud: 'other' }),
      'for another client': token({ aud: 'other' }),
      'by another client': token({ azp: 'other' }),
      'of no client': token({ azp: undefined }),
      'for nobody': token({ aud: undefined }),
      'of nobody': token({ sub: undefined }),
      expired: token({ exp: '1' }),
      'without an end': token({ exp: undefined }),
      'with an odd end': token({ exp: '1e99' }),
      unknown: newToken('ya29.'),
    });
    await expectTokensServed(site, { right: token({}) });
    expect(google.requests.every(({ method, query, body }) => method === 'POST' && query === '' && body === '')).toBe(
      true,
    );
    expect(askedAbout(google, '/tokeninfo')).toContain([...known.keys()].at(-1));
  });
});

describe('several issuers', () => {
  let site: LookupSite;
  let other: TestIssuer;
  beforeAll(async () => {
    other = await startIssuer();
    const more = {
      issuer: other.url,
      client: { id: 'gateway', auth: 'client_secret_post', secret: { env: 'LOOKUP_SECRET' } },
      introspection: true,
      tokenPrefixes: ['other_', 'oth-'],
    };
    // In either order of asking, the one without prefixes must not see what begins with them.
    site = await startLookupSite({ others: { other: more } });
  });
  afterAll(async () => {
    await site.close();
    await other.close();
  });

  test('JWT-28 no issuer is shown a token of another one', async () => {
    const theirs = newToken('other_');
    const alsoTheirs = newToken('oth-');
    other.introspect(theirs, site.claims());
    const ours = site.goodToken();
    site.issuer.introspect(alsoTheirs, site.claims());
    await expectTokensServed(site, { ours, theirs });
    await expectTokensRefused(site, { 'theirs, good at the wrong issuer': alsoTheirs });
    expect(askedAbout(site.issuer)).toEqual([ours]);
    expect(askedAbout(other)).toEqual([theirs, alsoTheirs]);
    const form = new URLSearchParams(other.requests.find(({ path }) => path === '/introspect')?.body);
    expect([form.get('client_id'), form.get('client_secret')]).toEqual(['gateway', GATEWAY_SECRET]);
  });
});
