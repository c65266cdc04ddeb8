import { describe, expect, it } from 'vitest';
import { loadConfig } from './load-config.ts';

const SECRET = '{ env: S }';
const ISSUER = `issuer: https://as.example, client: { id: gateway, secret: ${SECRET} }`;

const load = (upstream: string, more = '') =>
  loadConfig({
    text: `upstream: ${upstream}\n${more}`,
    file: 'a.yaml',
    env: { HOME: '/home/x' },
    directory: '/srv',
  });
const problems = (...given: Parameters<typeof load>) =>
  load(...given).problems.map(({ where, message }) => `${where}: ${message}`);
const upstreamOf = (...given: Parameters<typeof load>): unknown => {
  const { config, problems: found } = load(...given);
  expect(found).toEqual([]);
  return config?.servers[0]?.upstream;
};
const http = (more: string) => `{ url: "https://inner.example/mcp?tenant=t", ${more} }`;
const withIssuers = (...names: string[]) =>
  `auth: { issuers: { ${names.map((name) => `${name}: { issuer: "https://${name}.example", client: { id: c, secret: ${SECRET} } }`).join(', ')} } }`;

describe('upstream.identity', () => {
  it('is for the server by its URL without the query, in a header of its own', () => {
    expect(upstreamOf(http('identity: {}'))).toMatchObject({
      identity: { header: 'latchkey-identity', audience: 'https://inner.example/mcp' },
      auth: null,
    });
    expect(upstreamOf(http('identity: { header: X-Who, audience: "urn:inner" }'))).toMatchObject({
      identity: { header: 'x-who', audience: 'urn:inner' },
    });
  });

  it.each([
    ['{ command: [x], identity: {} }', '1:37 upstream.identity: identity is for a url'],
    ['{ tools: ./none.yaml, identity: {} }', '1:43 upstream.identity: identity is for a url'],
    [http('identity: { header: Authorization }'), 'identity.header: Authorization has another meaning'],
    [http('identity: { header: User-Agent }'), 'identity.header: User-Agent has another meaning'],
    [http('identity: { header: Latchkey_Identity }'), 'identity.header: must be of letters, digits and -'],
    [http('identity: { header: Mcp-Param-Who }'), 'identity.header: is a header the gateway handles itself'],
    [http('identity: {}, headers: { LATCHKEY-identity: x }'), 'Latchkey-Identity is also in headers'],
  ])('is refused with its place: %s', (upstream, problem) => {
    expect(problems(upstream).join('\n')).toContain(problem);
  });
});

describe('upstream.auth', () => {
  it('asks for the server by its URL without the query', () => {
    expect(upstreamOf(http(`auth: { clientCredentials: { ${ISSUER}, scopes: [a] } }`))).toMatchObject({
      auth: {
        clientCredentials: {
          issuer: 'https://as.example',
          tokenUrl: null,
          client: { id: 'gateway', method: 'client_secret_basic', secret: { env: 'S' } },
          resource: 'https://inner.example/mcp',
          audience: null,
          scopes: ['a'],
        },
        tokenExchange: null,
        resource: 'https://inner.example/mcp',
      },
    });
  });

  it('names no resource where it is told so, and still holds metadata against the URL', () => {
    expect(upstreamOf(http(`auth: { clientCredentials: { ${ISSUER}, resource: false } }`))).toMatchObject({
      auth: { clientCredentials: { resource: null }, resource: 'https://inner.example/mcp' },
    });
  });

  it('knows issuer and client of the only issuer', () => {
    expect(upstreamOf(http('auth: { tokenExchange: {} }'), withIssuers('one'))).toMatchObject({
      auth: { tokenExchange: { issuer: 'https://one.example', client: { id: 'c' }, from: ['https://one.example'] } },
    });
    const some = 'auth: { tokenExchange: { issuer: "https://two.example", from: [one] } }';
    expect(upstreamOf(http(some), withIssuers('one', 'two'))).toMatchObject({
      auth: { tokenExchange: { issuer: 'https://two.example', client: { id: 'c' }, from: ['https://one.example'] } },
    });
  });

  it.each([
    ['{ command: [x], auth: {} }', '', '1:33 upstream.auth: auth is for a url'],
    [http('auth: {}'), '', 'upstream.auth: give clientCredentials, tokenExchange, or both'],
    [http('auth: { clientCredentials: {} }'), '', 'upstream.auth.clientCredentials: client is missing'],
    [
      http('auth: { clientCredentials: { client: { id: x } } }'),
      '',
      'clientCredentials: its client has no secret for client_secret_basic',
    ],
    [
      http(`headers: { AUTHORIZATION: x }, auth: { clientCredentials: { ${ISSUER} } }`),
      '',
      'upstream.headers: has authorization, which upstream.auth sets',
    ],
    [
      http(`auth: { clientCredentials: { ${ISSUER.replace('https', 'http')} } }`),
      '',
      'clientCredentials.issuer: plain http would cross the network in clear',
    ],
    [
      http(`auth: { clientCredentials: { ${ISSUER}, tokenUrl: "http://id.localhost/token" } }`),
      '',
      'clientCredentials.tokenUrl: plain http would cross the network in clear',
    ],
    [http(`auth: { tokenExchange: { ${ISSUER} } }`), '', 'tokenExchange: no caller has a token to exchange'],
    [http('auth: { tokenExchange: { from: [nobody] } }'), withIssuers('one'), 'from: nobody is no issuer'],
    [http(`auth: { tokenExchange: { ${ISSUER} } }`), withIssuers('one', 'two'), 'would send tokens to another issuer'],
    [http(`auth: { tokenExchange: { ${ISSUER} } }`), withIssuers('one'), 'would send tokens to another issuer'],
    [
      http(`auth: { tokenExchange: { client: { id: x, secret: ${SECRET} }, from: [one] } }`),
      withIssuers('one', 'two'),
      'says not where tokens are exchanged',
    ],
    [http('auth: { clientCredentials: { secret: x } }'), '', 'secret'],
  ])('is refused with its place: %s', (upstream, more, problem) => {
    const found = problems(upstream, more);
    expect(found.join('\n')).toContain(problem);
    expect(found.join('\n')).toMatch(/^a\.yaml:1:\d+ upstream/m);
  });
});
