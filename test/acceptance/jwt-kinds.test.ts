import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createIssuerKey, type IssuerKey } from '../fixtures/issuer-keys.ts';
import { residentBytes } from '../fixtures/processes.ts';
import { expectUpstreamUntouched, send } from './harness.ts';
import { expectTokensRefused, expectTokensServed, startJwtSite, statusOf, type JwtSite } from './jwt-site.ts';
import { waitForRecord } from './trail-records.ts';

let strict: JwtSite;
let lax: JwtSite;

beforeAll(async () => {
  strict = await startJwtSite();
  lax = await startJwtSite({ settings: { types: ['at+jwt', 'JWT', 'none'] } });
});
afterAll(() => Promise.all([strict.close(), lax.close()]));

const proofKey = createIssuerKey('ES256');

/** What the same issuer signs besides access tokens: its type, and claims over those of a right access token. */
const KINDS: Readonly<Record<string, { readonly typ: string; readonly claims: object; readonly header?: object }>> = {
  'ID token': { typ: 'JWT', claims: { nonce: 'n-0S6_WzA2Mj', at_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng' } },
  'ID token of the code flow': { typ: 'JWT', claims: { nonce: 'n-0S6_WzA2Mj' } },
  'ID token of the hybrid flow': { typ: 'JWT', claims: { c_hash: 'LDktKdoQak3Pk0cnXxCltA' } },
  'ID token by its own word': { typ: 'JWT', claims: { typ: 'ID' } },
  'ID token of Cognito': { typ: 'JWT', claims: { token_use: 'id' } },
  'logout token': {
    typ: 'logout+jwt',
    claims: { events: { 'http://schemas.openid.net/event/backchannel-logout': {} }, sid: '1' },
  },
  'security event': { typ: 'secevent+jwt', claims: { events: { 'https://example.com/event': {} } } },
  'DPoP proof': {
    typ: 'dpop+jwt',
    claims: { htm: 'POST', htu: 'https://example.com' },
    header: { jwk: proofKey.publicJwk },
  },
  'DPoP proof without its key': { typ: 'dpop+jwt', claims: { htm: 'POST', htu: 'https://example.com' } },
  'refresh token': { typ: 'JWT', claims: { typ: 'Refresh' } },
  'offline token': { typ: 'JWT', claims: { typ: 'Offline' } },
  'refresh token of another product': { typ: 'JWT', claims: { token_type: 'refresh' } },
  'introspection answer': { typ: 'token-introspection+jwt', claims: { token_introspection: { active: true } } },
  'entity statement': { typ: 'entity-statement+jwt', claims: { jwks: { keys: [] } } },
};

test('JWT-20 another kind of JWT of the issuer says so by its type', async () => {
  const tokens: Record<string, Promise<string>> = {};
  for (const [name, { typ, claims, header }] of Object.entries(KINDS)) {
    tokens[name] = strict.mint(claims, { typ, ...header });
    tokens[`${name} without type`] = strict.mint(claims, { typ: undefined, ...header });
  }
  const self = { iss: strict.issuer.url, sub: strict.issuer.url };
  tokens['client assertion'] = strict.mint(self, { typ: 'JWT' });
  tokens['client assertion by its type'] = strict.mint(self, { typ: 'client-authentication+jwt' });
  for (const typ of [
    '',
    'JWS',
    'JOSE',
    'at',
    'at+jwt ',
    'at jwt',
    'x/at+jwt',
    'application/',
    'id+jwt',
    null,
    1,
    ['at+jwt'],
  ])
    tokens[`typ ${JSON.stringify(typ)}`] = strict.mint({}, { typ });
  await expectTokensRefused(strict, tokens);
});

test('JWT-20 callers learn nothing of it, and the trail says which setting to look at', async () => {
  const wrong = {
    'typ is not in auth.issuers.test.types (at+jwt)': strict.mint({}, { typ: 'JWT' }),
    'alg is not in auth.issuers.test.algorithms': strict.mint({}, { alg: 'HS256' }),
    'events shows that it is no access token': strict.mint({ events: {} }),
    'aud is not this server; see auth.issuers.test.audience': strict.mint({ aud: 'https://secret-name.example' }),
    'iss is none of auth.issuers': strict.mint({ iss: 'https://secret-name.example' }),
  };
  for (const [detail, token] of Object.entries(wrong)) {
    const answer = await send(strict, { token: await token });
    expect(answer.status).toBe(401);
    expect(JSON.stringify(answer)).not.toContain(detail);
    expect(JSON.stringify(await waitForRecord(strict, { decision: 'deny', detail }))).not.toContain('secret-name');
  }
});

test('JWT-20 the type is compared without case and with or without application/', async () => {
  await expectTokensServed(strict, {
    plain: strict.mint({}, { typ: 'at+jwt' }),
    upper: strict.mint({}, { typ: 'AT+JWT' }),
    long: strict.mint({}, { typ: 'application/at+jwt' }),
    both: strict.mint({}, { typ: 'Application/AT+jwt' }),
  });
});

test('JWT-20 where plain JWTs are taken, their claims say that they are something else', async () => {
  const tokens: Record<string, Promise<string>> = {};
  for (const [name, { typ, claims, header }] of Object.entries(KINDS)) {
    tokens[name] = lax.mint(claims, { typ, ...header });
    tokens[`${name} called JWT`] = lax.mint(claims, { typ: 'JWT', ...header });
    tokens[`${name} without type`] = lax.mint(claims, { typ: undefined, ...header });
  }
  const { url } = lax.issuer;
  tokens['client assertion'] = lax.mint({ sub: url }, { typ: 'JWT' });
  tokens['for the issuer'] = lax.mint({ aud: url }, { typ: 'JWT' });
  tokens['for the token endpoint'] = lax.mint({ aud: `${lax.issuer.origin}/token` }, { typ: 'JWT' });
  tokens['for the issuer too'] = lax.mint({ aud: [lax.gateway.url, url] }, { typ: 'JWT' });
  await expectTokensRefused(lax, tokens);
});

test('JWT-20 access tokens of products that call them JWT are taken', async () => {
  await expectTokensServed(lax, {
    plain: lax.mint({}, { typ: 'JWT' }),
    'small letters': lax.mint({}, { typ: 'jwt' }),
    'no type': lax.mint({}, { typ: undefined }),
    Keycloak: lax.mint({ typ: 'Bearer', nonce: 'n-0S6_WzA2Mj' }, { typ: 'JWT' }),
    Cognito: lax.mint({ token_use: 'access' }, { typ: 'JWT' }),
  });
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const random = (length: number): string => Buffer.alloc(length, 7).toString('base64url');

const five = (header: object, text = random(300)): string =>
  [encode(header), random(32), random(12), text, random(16)].join('.');

test('JWT-23 an encrypted token', async () => {
  const { kid } = strict.issuer.keys[0] as IssuerKey;
  const bomb = deflateRawSync(Buffer.alloc(4_000_000)).toString('base64url');
  await expectTokensRefused(strict, {
    direct: five({ alg: 'dir', enc: 'A256GCM' }),
    'no key at all': five({ alg: 'dir', enc: 'A256GCM' }).replace(/\.[^.]+\./, '..'),
    RSA: five({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid }),
    'of a signed token': five({ alg: 'dir', enc: 'A256GCM', cty: 'JWT', kid }),
    'with a password that takes long': five({
      alg: 'PBES2-HS512+A256KW',
      enc: 'A256GCM',
      p2c: 2_147_483_647,
      p2s: 'x',
    }),
    bomb: five({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' }, bomb),
    'a signed token and two parts': `${await strict.mint()}.a.b`,
    'five empty parts': '....',
  });
});

test('JWT-23 a compressed token is not unpacked', async () => {
  const { issuer, gateway } = strict;
  const claims = JSON.stringify({ iss: issuer.url, sub: 'alice', aud: gateway.url, pad: ' '.repeat(5_000_000) });
  const packed = deflateRawSync(claims).toString('latin1');
  const before = residentBytes(gateway.pid);
  const tokens: Record<string, Promise<string>> = {};
  for (const zip of ['DEF', 'GZ', '', null, true]) {
    tokens[`zip ${String(zip)}`] = strict.mint({}, { zip });
    tokens[`zip ${String(zip)} of a bomb`] = issuer.sign(packed, { zip });
  }
  tokens['ZIP in another case'] = strict.mint({}, { ZIP: 'DEF' });
  for (let round = 0; round < 20; round += 1) await expectTokensRefused(strict, tokens);
  expect(residentBytes(gateway.pid) - before).toBeLessThan(48 * 1024 * 1024);
});

test('JWT-23 what is too large, too deep or not text', async () => {
  const deep = `{"exp":9999999999,"deep":${'['.repeat(100)}${']'.repeat(100)}}`;
  await expectTokensRefused(strict, {
    deep: strict.issuer.sign(deep),
    'a list': strict.issuer.sign('[]'),
    text: strict.issuer.sign('"text"'),
    nothing: strict.issuer.sign(''),
    null: strict.issuer.sign('null'),
    'no claims': strict.issuer.sign('{}'),
    'not encoded again': strict.mint({}, { b64: false, crit: ['b64'] }),
    'an extension that must be understood': strict.mint({}, { crit: ['exp'], exp: 1 }),
    'no extension that must be understood': strict.mint({}, { crit: [] }),
  });
  // The bound of all headers is met first.
  const large = await strict.mint({ pad: 'x'.repeat(12_500) });
  await expectUpstreamUntouched(strict, async () => expect(await statusOf(strict, large)).toBe(431));
});
