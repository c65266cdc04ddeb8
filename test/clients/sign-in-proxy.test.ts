import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBrowser } from '../fixtures/browser.ts';
import { startIssuer, type IssuerRequest, type TestIssuer } from '../fixtures/issuer.ts';
import { createApplication, type Application } from './application.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { echo, rules, signInUpstreams } from './sign-in-site.ts';
import { signingInClients } from './signing-in.ts';

/** What the issuer was asked, as it takes it: no `resource`, scopes in full, and a challenge of PKCE. */
const WANTED = { scope: 'api://api-1/words:read', code_challenge_method: 'S256' };

/** An application whose user's browser goes from the gateway to the issuer, and from there back. */
function createSigningIn(): Application {
  const browser = createBrowser();
  return createApplication({
    browser: { signIn: async (url) => browser.signIn(await browser.signIn(url)) },
  });
}

describe.each(signInUpstreams.slice(0, 1))('an issuer that refuses what clients send, before $name', (upstream) => {
  let issuer: TestIssuer;
  let gateway: Gateway;
  const asked: Record<string, string>[] = [];
  let names = false;

  beforeAll(async () => {
    issuer = await startIssuer({ algorithms: ['RS256'] });
    const document = {
      issuer: issuer.url,
      authorization_endpoint: `${issuer.origin}/authorize`,
      token_endpoint: `${issuer.origin}/token`,
      registration_endpoint: `${issuer.origin}/register`,
      jwks_uri: `${issuer.origin}/jwks`,
      response_types_supported: ['code'],
    };
    issuer.answer('/.well-known/oauth-authorization-server', document);
    issuer.answer('/register', ({ body }: IssuerRequest) =>
      Response.json({ ...(JSON.parse(body) as object), client_id: 'client-1' }, { status: 201 }),
    );
    issuer.answer('/authorize', ({ query }: IssuerRequest) => {
      const parameters = Object.fromEntries(new URLSearchParams(query));
      asked.push(parameters);
      const back = new URL(parameters['redirect_uri'] ?? '');
      const refused = parameters['resource'] !== undefined || !(parameters['scope'] ?? '').startsWith('api://api-1/');
      back.searchParams.set(refused ? 'error' : 'code', refused ? 'invalid_request' : 'code-1');
      back.searchParams.set('state', parameters['state'] ?? '');
      if (names) back.searchParams.set('iss', issuer.url);
      return new Response(null, { status: 302, headers: { location: back.href } });
    });
    const claims = { aud: 'api-1', ver: '2.0', azp: 'client-1', azpacr: '0', scp: 'words:read', scope: undefined };
    const token = await issuer.accessToken(claims, { typ: 'JWT' });
    issuer.answer('/token', ({ body }: IssuerRequest) => {
      const parameters = Object.fromEntries(new URLSearchParams(body));
      asked.push(parameters);
      return parameters['resource'] === undefined && parameters['code'] === 'code-1'
        ? { access_token: token, token_type: 'Bearer', expires_in: 300 }
        : Response.json({ error: 'invalid_target' }, { status: 400 });
    });
    const test = { preset: 'entra', issuer: issuer.url, audience: 'api-1' };
    gateway = await startGateway(upstream, { echo: rules.echo }, { settings: { auth: { issuers: { test } } } });
  });
  afterAll(async () => {
    await gateway.close();
    await issuer.close();
  });

  it.each(signingInClients)('lets $name sign in through the gateway and call a tool', async (client) => {
    asked.length = 0;
    const application = createSigningIn();
    const session = await client.connect(gateway.url, application);
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    const proxy = `${new URL(gateway.url).origin}/oauth/test`;
    expect(application.asked).toContain(
      `${new URL(gateway.url).origin}/.well-known/oauth-authorization-server/oauth/test`,
    );
    expect(application.asked).toContain(`${proxy}/token`);
    // Nothing goes to the issuer but through the gateway and the user's browser.
    expect(application.asked.filter((url) => url.startsWith(issuer.origin))).toEqual([]);
    expect(asked).toMatchObject([WANTED, { grant_type: 'authorization_code', code: 'code-1' }]);
    expect(asked.every((parameters) => parameters['resource'] === undefined)).toBe(true);
    await session.close();
  });

  it.each(signingInClients.filter(({ name }) => name.startsWith('SDK v2')))(
    'has $name refuse an issuer that answers under a name of its own, which is not what it asked',
    async (client) => {
      names = true;
      asked.length = 0;
      await expect(client.connect(gateway.url, createSigningIn())).rejects.toThrow(/iss/i);
      expect(asked.some(({ grant_type: grant }) => grant !== undefined)).toBe(false);
      names = false;
    },
  );
});
