import { describe, expect, it } from 'vitest';
import { loadConfig } from './load-config.ts';
import { PRESETS } from './issuers/presets.ts';

const TOP = 'upstream: { url: "http://127.0.0.1:1/mcp" }\nauth:\n  issuers:\n';
const load = (issuers: string) =>
  loadConfig({ text: `${TOP}${issuers.replaceAll(/^/gm, '    ')}\n`, file: 'a.yaml', env: {} });
const wrong = (issuers: string) => load(issuers).problems.map(({ code, where }) => `${code} ${where}`);

const at = (place: string) => `E_CONFIG_INVALID a.yaml:${place}`;

const FIVE_LINES = [
  ['auth0', 'preset: auth0\nissuer: https://t.eu.auth0.com/'],
  ['okta', 'preset: okta\nissuer: https://o.okta.com/oauth2/default'],
  ['keycloak', 'preset: keycloak\nissuer: https://id.example.com/realms/r'],
  [
    'entra',
    'preset: entra\nissuer: https://login.microsoftonline.com/t/v2.0\naudience: 11111111-2222-3333-4444-555555555555',
  ],
  [
    'google',
    'preset: google\nclients: [c.apps.googleusercontent.com]\nintrospection: true\nscopes: { always: [read] }',
  ],
  ['github', 'preset: github\nclient: { id: c, secret: { env: S } }\nintrospection: true\nscopes: { always: [read] }'],
  ['cognito', 'preset: cognito\nissuer: https://cognito-idp.eu-west-1.amazonaws.com/p'],
  ['authentik', 'preset: authentik\nissuer: https://id.example.com/application/o/s/\nclients: [c]'],
  ['zitadel', 'preset: zitadel\nissuer: https://i.zitadel.cloud\naudience: "12345"'],
  ['descope', 'preset: descope\nissuer: https://api.descope.com/v1/apps/agentic/P/S'],
  ['workos', 'preset: workos\nissuer: https://s.authkit.app'],
  ['oidc', 'issuer: https://id.example.com'],
] as const;

describe('checkIssuers', () => {
  it('wants an issuer where the preset knows none', () => {
    const [problem, ...others] = load('id: { preset: okta }').problems;
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      where: 'a.yaml:4:9 auth.issuers.id',
      message: 'issuer is missing',
      hint: `set issuer, for example ${PRESETS.okta.example}`,
    });
  });

  it('refuses the same issuer twice', () => {
    expect(wrong('a: { issuer: https://x.example }\nb: { issuer: https://x.example }')).toEqual([
      at('5:8 auth.issuers.b'),
    ]);
  });

  it('refuses plain http to a name under localhost, which is never asked', () => {
    expect(wrong('a: { issuer: http://id.localhost }')).toEqual([at('4:18 auth.issuers.a.issuer')]);
  });

  it('refuses plain http beyond loopback, for every URL', () => {
    expect(
      wrong(
        'a: { issuer: http://x.example }\nb: { issuer: "http://127.0.0.1:1", jwks: { url: http://x.example/k } }\n' +
          'c: { issuer: https://y.example, client: { id: c, secret: { env: S } }, introspection: { url: http://x.example/i } }\n' +
          'd: { issuer: https://z.example, clients: [c], userinfo: { url: http://x.example/u }, tokenPrefixes: [d] }',
      ),
    ).toEqual([
      at('4:18 auth.issuers.a.issuer'),
      at('5:53 auth.issuers.b.jwks.url'),
      at('6:98 auth.issuers.c.introspection.url'),
      at('7:68 auth.issuers.d.userinfo.url'),
    ]);
  });

  it.each([
    ['an empty audience', 'a: { issuer: https://x.example, audience: [] }'],
    ['an empty text as audience', 'a: { issuer: https://x.example, audience: "" }'],
    ['introspection without client', 'a: { issuer: https://x.example, introspection: true }'],
    ['user-info without clients', 'a: { issuer: https://x.example, userinfo: {} }'],
    [
      'introspection and user-info',
      'a: { issuer: https://x.example, clients: [c], client: { id: c, secret: { env: S } }, introspection: true, userinfo: {} }',
    ],
    ['a client without its secret', 'a: { issuer: https://x.example, client: { id: c } }'],
    ['ID tokens for the audience', 'a: { issuer: https://x.example, audience: c, clients: [c], types: [JWT] }'],
    ['a prefix of scopes without the proxy', 'a: { issuer: https://x.example, scopes: { prefix: "api://" } }'],
    ['Google without clients', 'a: { preset: google, introspection: true }'],
    ['Google without look-up', 'a: { preset: google, clients: [c] }'],
    ['GitHub without client', 'a: { preset: github, introspection: true, clients: [c] }'],
    ['Entra without audience', 'a: { preset: entra, issuer: https://login.microsoftonline.com/t/v2.0 }'],
    ['authentik without clients', 'a: { preset: authentik, issuer: https://x.example/application/o/a/ }'],
    ['Zitadel without audience', 'a: { preset: zitadel, issuer: https://x.zitadel.cloud }'],
    ['a symmetric algorithm', 'a: { issuer: https://x.example, algorithms: [HS256] }'],
  ])('refuses %s', (_case, text) => {
    expect(wrong(text).length).toBeGreaterThan(0);
  });

  it.each(FIVE_LINES)('takes %s in five lines', (name, lines) => {
    const { config, problems } = load(`${name}:\n${lines.replaceAll(/^/gm, '  ')}`);
    expect(problems).toEqual([]);
    expect(lines.split('\n').length).toBeLessThan(5);
    expect(config?.auth.issuers).toMatchObject([{ name }]);
  });

  it('has a case here for each preset', () => {
    expect(FIVE_LINES.map(([name]) => name).toSorted()).toEqual(Object.keys(PRESETS).toSorted());
  });
});
