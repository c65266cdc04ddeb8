import { createHmac, createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import {
  challenge,
  ISSUER_KEY_PEM,
  issuerMetadata,
  ISSUER_PATH,
  resourceMetadata,
  RESOURCE_PATH,
  startFlawedServer,
  type Asked,
  type Flaw,
  type FlawedServer,
} from '../../../../test/fixtures/flawed-server.ts';
import { Secret } from '../core/secret.ts';
import { runCheck, type Report } from './run-check.ts';

let server: FlawedServer;
afterEach(() => server.close());

async function check(flaw: Flaw): Promise<Report> {
  server = await startFlawedServer(flaw);
  const token = new Secret(server.token);
  return runCheck({ url: new URL(server.url), token, timeoutMs: 5000, totalMs: 60_000 });
}

/** A server that takes what it was asked for something else. */
const mistakes =
  (change: (asked: Asked) => Partial<Asked> | null): Flaw =>
  (asked, honest) => {
    const changed = asked.path === '/mcp' ? change(asked) : null;
    return changed === null ? null : honest({ ...asked, ...changed });
  };

const headers = (asked: Asked, changed: Asked['headers']): Partial<Asked> => ({
  headers: { ...asked.headers, ...changed },
});

const unlock = (asked: Asked): Partial<Asked> =>
  headers(asked, { authorization: 'Bearer right-token-of-the-fixture-4711' });

/** A server that lets in whoever comes with that. */
const accepts = (is: (authorization: string) => boolean): Flaw =>
  mistakes((asked) => (is(asked.headers.authorization ?? '') ? { ...unlock(asked), authorizations: 1 } : null));

/** One that answers otherwise to who has the token. */
const inside =
  (answer: Flaw): Flaw =>
  (asked, honest) =>
    asked.path === '/mcp' && asked.headers.authorization?.includes('right-token') ? answer(asked, honest) : null;

const document = (path: string, members: Record<string, unknown>): Flaw => {
  const make = path === ISSUER_PATH ? issuerMetadata : resourceMetadata;
  return (asked) =>
    asked.path === path ? { status: 200, body: JSON.stringify({ ...make(asked.url), ...members }) } : null;
};

const methodOf = (body: string): string => /"method":"([^"]*)"/.exec(body)?.[1] ?? '';
const nameOf = (body: string): string | undefined => /"name":"([^"]*no-such[^"]*)"/.exec(body)?.[1];
const says = (status: number, headersOf: Record<string, string>, body = ''): ReturnType<Flaw> => ({
  status,
  headers: headersOf,
  body,
});

interface Decoded {
  readonly header: { readonly alg?: string; readonly jwk?: JsonWebKey };
  readonly claims: { readonly aud: string };
  readonly input: string;
  readonly signature: Buffer;
}

const NO_TOKEN: Decoded = { header: {}, claims: { aud: '' }, input: '', signature: Buffer.alloc(0) };

function decode(authorization: string): Decoded | null {
  const [, header, claims, signature] = /^Bearer (eyJ[\w-]+)\.([\w-]+)\.([\w-]*)$/.exec(authorization) ?? [];
  if (header === undefined || claims === undefined || signature === undefined) return null;
  const [head, body] = [header, claims].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  return {
    header: head,
    claims: body,
    input: `${header}.${claims}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

interface Case {
  readonly flaw: Flaw;
  readonly fail?: readonly string[];
  readonly warn?: readonly string[];
  readonly info?: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  'no flaw': { flaw: () => null },
  'anybody is let in': { flaw: mistakes((asked) => ({ ...unlock(asked), authorizations: 1 })), fail: ['no-token'] },
  'tools are listed to anybody': {
    flaw: mistakes((asked) =>
      methodOf(asked.body) === 'tools/list' && asked.body.startsWith('{') ? unlock(asked) : null,
    ),
    warn: ['no-token', 'bad-token'],
  },
  '403 for 401': {
    flaw: (_asked, honest) => (honest().status === 401 ? { status: 403 } : null),
    warn: ['no-token', 'bad-token'],
  },
  '401 without a challenge': {
    flaw: (_asked, honest) => (honest().status === 401 ? { status: 401 } : null),
    fail: ['challenge'],
    warn: ['bad-token'],
  },
  'a challenge without metadata, which is where it should be': {
    flaw: (_asked, honest) =>
      honest().status === 401 ? says(401, { 'www-authenticate': 'Bearer error="invalid_token"' }) : null,
    warn: ['challenge', 'challenge-error'],
  },
  'no metadata anywhere': {
    flaw: ({ path }, honest) => {
      if (path === RESOURCE_PATH) return { status: 404 };
      return honest().status === 401
        ? says(401, { 'www-authenticate': 'Bearer realm="x", error="invalid_token"' })
        : null;
    },
    fail: ['challenge', 'resource-metadata'],
    warn: ['challenge-error'],
  },
  'metadata behind the lock': {
    flaw: (asked) => (asked.path === RESOURCE_PATH ? challenge(asked) : null),
    fail: ['resource-metadata'],
  },
  'metadata that moved': {
    flaw: ({ path }) => (path === RESOURCE_PATH ? says(302, { location: '/elsewhere' }) : null),
    fail: ['resource-metadata'],
  },
  'metadata that is no JSON': {
    flaw: ({ path }) => (path === RESOURCE_PATH ? says(200, {}, '<p>') : null),
    fail: ['resource-metadata'],
  },
  'metadata as text/html': {
    flaw: ({ path, url }) =>
      path === RESOURCE_PATH ? says(200, { 'content-type': 'text/html' }, JSON.stringify(resourceMetadata(url))) : null,
    warn: ['resource-metadata'],
  },
  'another resource': {
    flaw: document(RESOURCE_PATH, { resource: 'https://other.example/mcp' }),
    fail: ['resource-match'],
  },
  'no resource': { flaw: document(RESOURCE_PATH, { resource: undefined }), fail: ['resource-match'] },
  'another resource at the root': {
    flaw: ({ path, url }) =>
      path === '/.well-known/oauth-protected-resource'
        ? says(200, {}, JSON.stringify({ ...resourceMetadata(url), resource: 'https://other.example' }))
        : null,
    warn: ['resource-match'],
  },
  'tokens in the query offered': {
    flaw: document(RESOURCE_PATH, { bearer_methods_supported: ['header', 'query'] }),
    fail: ['resource-members'],
  },
  'empty lists': {
    flaw: document(RESOURCE_PATH, { scopes_supported: [], authorization_servers: [] }),
    warn: ['resource-members', 'authorization-servers'],
  },
  'offline_access asked for': {
    flaw: document(RESOURCE_PATH, { scopes_supported: ['offline_access'] }),
    warn: ['resource-members'],
  },
  'metadata made from Host': {
    flaw: ({ path, headers: { host } }) =>
      path === RESOURCE_PATH ? says(200, {}, JSON.stringify(resourceMetadata(`http://${host}/mcp`))) : null,
    fail: ['metadata-host'],
  },
  'a challenge made from X-Forwarded-Host': {
    flaw: (asked, honest) => {
      const forwarded = asked.headers['x-forwarded-host'];
      return forwarded === undefined || honest().status !== 401
        ? null
        : says(401, { 'www-authenticate': `Bearer resource_metadata="http://${forwarded}/x"` });
    },
    fail: ['metadata-host'],
  },
  'an issuer in clear text': {
    flaw: document(RESOURCE_PATH, { authorization_servers: ['http://login.example'] }),
    fail: ['authorization-servers', 'issuer-metadata'],
  },
  'an issuer without metadata': {
    flaw: ({ path }) => (path === ISSUER_PATH ? { status: 404 } : null),
    fail: ['issuer-metadata'],
  },
  'metadata of another issuer': {
    flaw: document(ISSUER_PATH, { issuer: 'https://honest.example' }),
    fail: ['issuer-match'],
  },
  'a token endpoint in clear text': {
    flaw: document(ISSUER_PATH, { token_endpoint: 'http://login.example/t' }),
    fail: ['issuer-endpoints'],
  },
  'no token endpoint': { flaw: document(ISSUER_PATH, { token_endpoint: undefined }), fail: ['issuer-endpoints'] },
  'no PKCE': { flaw: document(ISSUER_PATH, { code_challenge_methods_supported: undefined }), fail: ['pkce'] },
  'PKCE with plain only': {
    flaw: document(ISSUER_PATH, { code_challenge_methods_supported: ['plain'] }),
    fail: ['pkce'],
  },
  'PKCE with plain too': {
    flaw: document(ISSUER_PATH, { code_challenge_methods_supported: ['plain', 'S256'] }),
    warn: ['pkce'],
  },
  'the password grant': {
    flaw: document(ISSUER_PATH, { grant_types_supported: ['password'] }),
    warn: ['issuer-members'],
  },
  'no way to register, no iss': {
    flaw: document(ISSUER_PATH, {
      client_id_metadata_document_supported: undefined,
      authorization_response_iss_parameter_supported: false,
    }),
    info: ['registration', 'issuer-in-answer'],
  },
  'any token': {
    flaw: accepts((given) => given.startsWith('Bearer ')),
    fail: ['bad-token', 'malformed-token', 'unsigned-token', 'foreign-key', 'confused-key'],
    warn: ['two-tokens'],
  },
  'a JWT without a signature': {
    flaw: accepts((given) => /^Bearer eyJ[\w-]+\.[\w-]+\.$/.test(given)),
    fail: ['unsigned-token'],
  },
  'a JWT that is decoded and not verified': {
    flaw: accepts((given) => decode(given)?.claims.aud.endsWith('/mcp') ?? false),
    fail: ['unsigned-token', 'foreign-key', 'confused-key'],
  },
  'a JWT that brings its key': {
    flaw: accepts((given) => {
      const { header, input, signature } = decode(given) ?? NO_TOKEN;
      if (header.jwk === undefined) return false;
      const key = createPublicKey({ key: header.jwk, format: 'jwk' });
      return verify('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }, signature);
    }),
    fail: ['foreign-key'],
  },
  ...Object.fromEntries(
    [ISSUER_KEY_PEM, ISSUER_KEY_PEM.trimEnd()].map((secret, index) => [
      `the public key as a secret, written in way ${index + 1}`,
      {
        flaw: accepts((given) => {
          const { header, input, signature } = decode(given) ?? NO_TOKEN;
          return header.alg === 'HS256' && createHmac('sha256', secret).update(input).digest().equals(signature);
        }),
        fail: ['confused-key'],
      },
    ]),
  ),
  'the password of a framework': {
    flaw: accepts((given) => given === `Basic ${btoa('admin:admin')}`),
    fail: ['other-scheme'],
  },
  'a token that is none': { flaw: accepts((given) => given.includes('two words')), fail: ['malformed-token'] },
  'a token that breaks it': {
    flaw: ({ headers: { authorization = '' } }) => (authorization.includes('two words') ? { status: 500 } : null),
    warn: ['malformed-token'],
  },
  'a token in the query': {
    flaw: mistakes((asked) => (asked.query.get('access_token')?.startsWith('right') ? unlock(asked) : null)),
    fail: ['query-token'],
  },
  'the stream open to all': {
    flaw: ({ method, path }) =>
      method === 'GET' && path === '/mcp' ? says(200, { 'content-type': 'text/event-stream' }, ': hi\n\n') : null,
    fail: ['methods-guarded'],
  },
  'the token refused, and tokens in the query looked at': {
    flaw: (asked) => {
      if (asked.query.has('access_token')) return challenge({ ...asked, headers: { authorization: 'x' } });
      return asked.headers.authorization?.includes('right-token') ? challenge(asked) : null;
    },
    fail: ['token-accepted'],
    warn: ['query-token'],
  },
  'the first of two tokens': { flaw: mistakes(() => ({ authorizations: 1 })), warn: ['two-tokens'] },
  'a session without its token': {
    flaw: (asked, honest) => {
      if (asked.headers['mcp-session-id'] === 'the-session') return honest({ ...asked, ...unlock(asked) });
      return methodOf(asked.body) === 'initialize' && honest().status === 200
        ? { ...honest(), headers: { 'mcp-session-id': 'the-session' } }
        : null;
    },
    fail: ['session-alone'],
  },
  'any Host, with a token': {
    flaw: mistakes((asked) => headers(asked, { host: new URL(asked.url).host })),
    warn: ['lying-host'],
  },
  'any Host, open': {
    flaw: mistakes((asked) => ({
      headers: { ...asked.headers, ...unlock(asked).headers, host: new URL(asked.url).host },
      authorizations: 1,
    })),
    fail: ['no-token', 'lying-host'],
  },
  'any Origin, with a token': {
    flaw: mistakes((asked) => headers(asked, { origin: undefined })),
    warn: ['foreign-origin'],
  },
  'any Origin, with credentials': {
    flaw: (asked, honest) =>
      asked.path === '/mcp' && asked.headers.origin !== undefined
        ? {
            ...honest({ ...asked, ...headers(asked, { origin: undefined }) }),
            headers: {
              'access-control-allow-origin': asked.headers.origin,
              'access-control-allow-credentials': 'true',
            },
          }
        : null,
    fail: ['foreign-origin'],
  },
  'any type': {
    flaw: mistakes((asked) => headers(asked, { 'content-type': 'application/json' })),
    warn: ['content-type'],
  },
  'a batch': {
    flaw: mistakes(({ body }) =>
      body.startsWith('[') ? { body: JSON.stringify((JSON.parse(body) as unknown[])[0]) } : null,
    ),
    warn: ['batch'],
  },
  'the last of two keys': {
    flaw: mistakes(({ body }) => (body.includes('"first"') ? { body: JSON.stringify(JSON.parse(body)) } : null)),
    warn: ['duplicate-keys'],
  },
  'a stack trace': {
    flaw: inside((_asked, honest) =>
      honest().body?.includes('-32700') ? says(400, {}, 'SyntaxError\n    at parse (/srv/app.js:10:20)') : null,
    ),
    warn: ['broken-json'],
  },
  'Mcp-Name not compared': {
    flaw: mistakes((asked) =>
      asked.headers['mcp-name'] === undefined ? null : headers(asked, { 'mcp-name': nameOf(asked.body) }),
    ),
    fail: ['mcp-name-lie'],
  },
  // What is behind them may compare or not: this is no flaw that can be seen.
  'rules that refuse unknown tools first': {
    flaw: inside((asked) => (asked.headers['mcp-name'] === undefined ? null : says(403, {}))),
  },
  'Mcp-Name not missed': {
    flaw: mistakes((asked) =>
      asked.headers['mcp-name'] === undefined ? headers(asked, { 'mcp-name': nameOf(asked.body) }) : null,
    ),
    warn: ['mcp-name-missing'],
  },
  'Mcp-Method not compared': {
    flaw: mistakes((asked) =>
      asked.headers['mcp-method'] === undefined ? null : headers(asked, { 'mcp-method': methodOf(asked.body) }),
    ),
    fail: ['mcp-method-lie'],
  },
  'Mcp-Method not missed': {
    flaw: mistakes((asked) =>
      asked.headers['mcp-method'] === undefined ? headers(asked, { 'mcp-method': methodOf(asked.body) }) : null,
    ),
    warn: ['mcp-method-missing'],
  },
  'the version not compared': {
    flaw: mistakes(({ body, headers: { 'mcp-protocol-version': version } }) =>
      version === '2026-07-28' ? { body: body.replace('"2025-11-25"', '"2026-07-28"') } : null,
    ),
    fail: ['version-lie'],
  },
  'any version': {
    flaw: mistakes((asked) =>
      asked.headers['mcp-protocol-version'] === '1900-01-01'
        ? {
            ...headers(asked, { 'mcp-protocol-version': '2026-07-28' }),
            body: asked.body.replace('1900-01-01', '2026-07-28'),
          }
        : null,
    ),
    warn: ['unknown-version'],
  },
};

describe('runCheck', () => {
  it.each(Object.entries(CASES))('%s', async (_what, { flaw, fail = [], warn = [], info = [] }) => {
    const { findings, ok, complete } = await check(flaw);
    const found = (verdict: string) => findings.filter((each) => each.verdict === verdict).map(({ id }) => id);
    expect({ fail: found('fail'), warn: found('warn'), info: found('info') }).toEqual({
      fail,
      warn,
      info: ['encrypted', ...info],
    });
    expect([ok, complete]).toEqual([fail.length === 0, true]);
    const wrong = findings.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn');
    expect(wrong.filter(({ advice }) => advice === null || advice.length < 15)).toEqual([]);
    expect(server.called.filter((name) => !name.startsWith('latchkey-check-no-such-tool'))).toEqual([]);
  });
});
