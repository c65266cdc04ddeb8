import { generateKeyPairSync, sign, type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { createIssuerKey, type IssuerKey, type Signing } from '../fixtures/issuer-keys.ts';
import { expectTokensRefused, expectTokensServed, startJwtSite, type JwtSite } from './jwt-site.ts';

let site: JwtSite;
let second: TestIssuer;

beforeAll(async () => {
  second = await startIssuer({ algorithms: ['RS256'] });
  site = await startJwtSite({
    issuer: { algorithms: ['EdDSA', 'RS256', 'ES256'] },
    others: { second: { issuer: second.url } },
  });
});
afterAll(async () => {
  await site.close();
  await second.close();
});

const keyOf = (alg: string): IssuerKey => site.issuer.keys.find((key) => key.alg === alg) as IssuerKey;
const mintBy = (key: IssuerKey, header: object = {}): Promise<string> =>
  site.mint({}, { alg: key.alg, kid: key.kid, ...header }, { key });

test('JWT-01 no spelling of none, and no missing algorithm, is an algorithm', async () => {
  const unsigned = { key: { alg: 'none' } };
  const tokens: Record<string, Promise<string>> = {};
  for (const alg of ['none', 'None', 'nOnE', 'NONE', '', ' none', 'none ', 'ｎｏｎｅ', null, 0, false, ['none'], {}]) {
    tokens[`alg ${JSON.stringify(alg)}`] = site.mint({}, { alg }, unsigned);
    tokens[`alg ${JSON.stringify(alg)} with a signature`] = site.mint({}, { alg });
    tokens[`alg ${JSON.stringify(alg)} without kid`] = site.mint({}, { alg, kid: undefined }, unsigned);
  }
  tokens['alg missing'] = site.mint({}, { alg: undefined }, unsigned);
  tokens['alg missing, signed'] = site.mint({}, { alg: undefined });
  tokens['alg right, not signed'] = site.mint({}, {}, unsigned);
  await expectTokensRefused(site, tokens);
});

test('JWT-01 a header that two programs read differently is read by none', async () => {
  const claims = {
    iss: site.issuer.url,
    sub: 'alice',
    aud: site.gateway.url,
    exp: Math.floor(Date.now() / 1000) + 300,
  };
  const { kid } = keyOf('ES256');
  const right = `"alg":"ES256","typ":"at+jwt","kid":"${kid}"`;
  const headers = {
    'alg twice': `{"alg":"none",${right}}`,
    'alg twice, the wrong one last': `{${right},"alg":"none"}`,
    'alg escaped and plain': `{"\\u0061lg":"none",${right}}`,
    'alg in another case beside it': `{"ALG":"none",${right}}`,
    'alg in another case alone': `{"Alg":"ES256","typ":"at+jwt","kid":"${kid}"}`,
    'a long s in a name': `{"\\u017ftyp":"x","cri\\u0074":["b64"],${right}}`,
    'kid twice': `{"kid":"other",${right}}`,
    'an array': `[{${right}}]`,
    'text after it': `{${right}}{}`,
    'a byte order mark before it': `\uFEFF{${right}}`,
    'a comment': `{${right}/**/}`,
    'a trailing comma': `{${right},}`,
    'not JSON': '{alg:ES256}',
    empty: '{}',
  };
  const tokens = Object.entries(headers).map(([name, header]) => [name, site.issuer.sign(claims, header)] as const);
  await expectTokensRefused(site, Object.fromEntries(tokens));
});

test('JWT-02 a public key is no shared secret', async () => {
  const key = keyOf('RS256');
  const { n } = key.publicJwk as { n: string };
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const pkcs1 = key.publicKey.export({ type: 'pkcs1', format: 'pem' }) as string;
  const secrets = {
    pem,
    'pem without its last line break': pem.trimEnd(),
    'pem in one line': pem.replaceAll('\n', ''),
    'pkcs1 pem': pkcs1,
    der: key.publicKey.export({ type: 'spki', format: 'der' }),
    'pkcs1 der': key.publicKey.export({ type: 'pkcs1', format: 'der' }),
    'JWK JSON': JSON.stringify(key.publicJwk),
    'JWK set JSON': JSON.stringify({ keys: site.issuer.keys.map(({ publicJwk }) => publicJwk) }),
    modulus: Buffer.from(n, 'base64url'),
    'modulus as text': n,
    'nothing at all': '',
    kid: key.kid,
  };
  const tokens: Record<string, Promise<string>> = {};
  for (const [name, secret] of Object.entries(secrets))
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      tokens[`${alg} by ${name}`] = site.mint({}, { alg, kid: key.kid }, { key: { alg, secret } });
      tokens[`${alg} by ${name}, called RS256`] = site.mint(
        {},
        { alg: 'RS256', kid: key.kid },
        { key: { alg, secret } },
      );
    }
  await expectTokensRefused(site, tokens);
});

test('JWT-03 only the algorithms of the list, each with a key that is for it', async () => {
  const strict = await startJwtSite({
    issuer: { algorithms: ['PS512', 'ES256', 'RS512', 'RS256'] },
    settings: { algorithms: ['RS256'] },
  });
  const of = (alg: string): IssuerKey => strict.issuer.keys.find((key) => key.alg === alg) as IssuerKey;
  const mint = (alg: string, header: object = {}) =>
    strict.mint({}, { alg, kid: of(alg).kid, ...header }, { key: of(alg) });
  await expectTokensServed(strict, { RS256: mint('RS256') });
  await expectTokensRefused(strict, {
    PS512: mint('PS512'),
    ES256: mint('ES256'),
    RS512: mint('RS512'),
    'RS512 called RS256': mint('RS512', { alg: 'RS256' }),
    'ES256 called RS256': mint('ES256', { alg: 'RS256' }),
    'in small letters': mint('RS256', { alg: 'rs256' }),
    'with a space': mint('RS256', { alg: 'RS256 ' }),
    'as a list': mint('RS256', { alg: ['RS256'] }),
    'a key for another algorithm': strict.mint(
      {},
      { alg: 'RS256', kid: of('RS512').kid },
      { key: { ...of('RS512'), alg: 'RS256' } },
    ),
  });
  await strict.close();
});

test('JWT-03 keys that are weak, secret or for something else verify nothing', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const ec = createIssuerKey('ES256');
  const secret = 'x'.repeat(32);
  const bad: Record<string, { key: Signing; jwk: JsonWebKey }> = {
    'a private key': { key: ec, jwk: ec.privateKey.export({ format: 'jwk' }) },
    '1024 bits': { key: { ...weak, alg: 'RS256' }, jwk: weak.publicKey.export({ format: 'jwk' }) },
    'a symmetric key': {
      key: { alg: 'HS256', secret },
      jwk: { kty: 'oct', k: Buffer.from(secret).toString('base64url') },
    },
  };
  for (const [name, members] of Object.entries({
    'use enc': { use: 'enc' },
    'use SIG': { use: 'SIG' },
    'key_ops without verify': { key_ops: ['encrypt'] },
    'key_ops as text': { key_ops: 'verify' },
    'alg of another type': { alg: 'ES256' },
    'alg PS256': { alg: 'PS256' },
    'alg RSA-OAEP': { alg: 'RSA-OAEP' },
  })) {
    const key = createIssuerKey('RS256');
    bad[name] = { key, jwk: { ...key.publicKey.export({ format: 'jwk' }), ...members } };
  }
  const jwks = await startJwtSite({ issuer: { algorithms: ['EdDSA'] } });
  const good = { ...jwks.issuer.keys[0]?.publicJwk, alg: undefined, use: undefined };
  jwks.issuer.answer('/jwks', { keys: [...Object.entries(bad).map(([kid, { jwk }]) => ({ ...jwk, kid })), good] });
  await expectTokensServed(jwks, { right: jwks.mint() });
  await expectTokensRefused(
    jwks,
    Object.fromEntries(
      Object.entries(bad).flatMap(([kid, { key }]) => [
        [kid, jwks.mint({}, { alg: key.alg, kid }, { key })],
        [`${kid}, without kid`, jwks.mint({}, { alg: key.alg, kid: undefined }, { key })],
      ]),
    ),
  );
  expect(jwks.issuer.countOf('/jwks')).toBeLessThan(4);
  await jwks.close();
});

test('JWT-07 a key that the token brings along is no key', async () => {
  const attacker = createIssuerKey('ES256');
  const { kid } = keyOf('ES256');
  const certificate = attacker.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const tokens: Record<string, Promise<string>> = {};
  for (const [name, brought] of Object.entries({
    jwk: { jwk: attacker.publicJwk },
    x5c: { x5c: [certificate] },
    'jwk as text': { jwk: JSON.stringify(attacker.publicJwk) },
    'jwk null': { jwk: null },
    both: { jwk: attacker.publicJwk, x5c: [certificate] },
    'jwk in another case': { JWK: attacker.publicJwk },
  })) {
    tokens[name] = site.mint({}, { kid: attacker.kid, ...brought }, { key: attacker });
    tokens[`${name} under a kid of the issuer`] = site.mint({}, { kid, ...brought }, { key: attacker });
    tokens[`${name} without kid`] = site.mint({}, { kid: undefined, ...brought }, { key: attacker });
    tokens[`${name} in a token of the issuer`] = site.mint({}, brought);
  }
  tokens['the attacker alone'] = site.mint({}, { kid }, { key: attacker });
  await expectTokensRefused(site, tokens);
});

test('JWT-08 nobody is asked for a key because a token says so', async () => {
  let connections = 0;
  const listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const attacker = createIssuerKey('ES256');
  const url = `http://127.0.0.1:${port}/jwks`;
  const tokens: Record<string, Promise<string>> = {};
  for (const name of ['jku', 'x5u', 'JKU', 'kid', 'iss', 'x5t#S256']) {
    tokens[`${name} by the attacker`] = site.mint({}, { [name]: url }, { key: attacker });
    tokens[`${name} as https`] = site.mint({}, { [name]: url.replace('http:', 'https:') }, { key: attacker });
  }
  tokens['jku in a token of the issuer'] = site.mint({}, { jku: url });
  tokens['x5u in a token of the issuer'] = site.mint({}, { x5u: url });
  tokens['the issuer that the token names'] = site.mint({ iss: `http://127.0.0.1:${port}` }, {}, { key: attacker });
  await expectTokensRefused(site, tokens);
  expect(connections).toBe(0);
  listener.close();
});

test('JWT-10 a signature that is broken in any way', async () => {
  const tokens: Record<string, string> = {};
  const right: Record<string, string> = {};
  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    const key = keyOf(alg);
    const token = await mintBy(key);
    const other = await mintBy(key);
    right[alg] = token;
    const [header = '', payload = '', signature = ''] = token.split('.');
    const make = (changed: string): string => `${header}.${payload}.${changed}`;
    const bytes = Buffer.from(signature, 'base64url');
    tokens[`${alg} stripped`] = `${header}.${payload}`;
    tokens[`${alg} empty`] = make('');
    tokens[`${alg} truncated`] = make(bytes.subarray(0, -1).toString('base64url'));
    tokens[`${alg} half`] = make(bytes.subarray(0, bytes.length / 2).toString('base64url'));
    tokens[`${alg} with a byte more`] = make(Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url'));
    tokens[`${alg} of zeros`] = make(Buffer.alloc(bytes.length).toString('base64url'));
    tokens[`${alg} of another token`] = make(other.split('.')[2] ?? '');
    tokens[`${alg} padded`] = `${token}==`;
    tokens[`${alg} in the other base64`] = make(`${bytes.toString('base64').replaceAll('=', '')}+/`);
    tokens[`${alg} with a spare bit`] = make(withSpareBit(signature));
    tokens[`${alg} four parts`] = `${token}.${signature}`;
    tokens[`${alg} over other claims`] = `${header}.${other.split('.')[1] ?? ''}.${signature}`;
    for (let sample = 0; sample < 64; sample += 1) {
      const bit = Math.floor((sample * bytes.length * 8) / 64) + (sample % 8);
      tokens[`${alg} bit ${bit} flipped`] = make(flip(bytes, bit).toString('base64url'));
    }
  }
  await expectTokensServed(site, right);
  await expectTokensRefused(site, tokens);
});

test('JWT-10 an ECDSA signature in DER is none', async () => {
  const key = keyOf('ES256');
  const [header, payload] = (await mintBy(key)).split('.');
  const der = sign('sha256', Buffer.from(`${header}.${payload}`), key.privateKey).toString('base64url');
  await expectTokensRefused(site, { der: `${header}.${payload}.${der}` });
});

test('JWT-13 each issuer speaks for itself alone', async () => {
  const other = second.keys[0] as IssuerKey;
  const ours = keyOf('RS256');
  const claims = { aud: site.gateway.url, scope: 'file:read' };
  await expectTokensServed(site, { first: mintBy(ours), second: second.accessToken(claims) });
  await expectTokensRefused(site, {
    'the second signs for the first': second.accessToken({ ...claims, iss: site.issuer.url }),
    'under a kid of the first': second.accessToken({ ...claims, iss: site.issuer.url }, { kid: ours.kid }),
    'without kid': second.accessToken({ ...claims, iss: site.issuer.url }, { kid: undefined }),
    'the first signs for the second': site.mint({ iss: second.url }, { alg: 'RS256', kid: ours.kid }, { key: ours }),
    'under a kid of the second': site.mint({ iss: second.url }, { alg: 'RS256', kid: other.kid }, { key: ours }),
    'for both': site.mint({ iss: [site.issuer.url, second.url] }, { alg: 'RS256', kid: ours.kid }, { key: ours }),
  });
});

test('JWT-13 two issuers may use the same kid', async () => {
  const twin = await startIssuer();
  const [key] = twin.keys as [IssuerKey];
  twin.answer('/jwks', { keys: [{ ...key.publicJwk, kid: 'one' }] });
  const both = await startJwtSite({ others: { twin: { issuer: twin.url } } });
  const [first] = both.issuer.keys as [IssuerKey];
  both.issuer.answer('/jwks', { keys: [{ ...first.publicJwk, kid: 'one' }] });
  const claims = { aud: both.gateway.url, scope: 'file:read' };
  await expectTokensServed(both, {
    first: both.mint({}, { kid: 'one' }),
    twin: twin.accessToken(claims, { kid: 'one' }),
  });
  await expectTokensRefused(both, {
    'the twin for the first': twin.accessToken({ ...claims, iss: both.issuer.url }, { kid: 'one' }),
    'the first for the twin': both.mint({ iss: twin.url }, { kid: 'one' }),
  });
  await both.close();
  await twin.close();
});

function flip(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  const at = Math.min(bit >> 3, changed.length - 1);
  changed[at] = (changed[at] as number) ^ (1 << (bit & 7));
  return changed;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same bytes, spelled with a bit that decoders drop. */
function withSpareBit(part: string): string {
  return part.slice(0, -1) + (ALPHABET[ALPHABET.indexOf(part.at(-1) ?? '') + 1] ?? '');
}
