import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startIssuer, type TestIssuer } from '../../../test/fixtures/issuer.ts';
import { presentJwts } from '../../../test/fixtures/presented-jwts.ts';
import { createJwtOf, jwt } from './compose-jwt.ts';
import { Secret } from './core/secret.ts';
import type { Verdict } from './core/verifier.ts';
import type { JwtOptions } from './lock/read-jwt.ts';
import { createOutgoing } from './oauth/outgoing.ts';
import { nodeCrypto } from './verify/jwt/node-crypto.ts';

const RESOURCE = 'https://mcp.example/mcp';
const MINUTE = 60_000;

let issuer: TestIssuer;
beforeEach(async () => {
  issuer = await startIssuer({ audience: RESOURCE, algorithms: ['ES256'] });
});
afterEach(() => issuer.close());

describe.each<[string, typeof jwt]>([
  ['the web', jwt],
  ['Node', (options) => createJwtOf(options, { crypto: nodeCrypto, outgoing: createOutgoing({ ca: null }) })],
])('jwt by the means of %s', (_platform, create) => {
  const verifierOf = (options: Partial<JwtOptions> = {}, resource = RESOURCE) => {
    const verifier = create({ issuer: issuer.url, ...options })({ resource });
    return async (token: string, now = Date.now()): Promise<Verdict> =>
      verifier.verify({ scheme: 'bearer', secret: new Secret(token), proof: null }, 'default', now);
  };

  it('takes and refuses what it must', async () => {
    const verify = verifierOf();
    for (const { what, token, outcome } of await presentJwts(issuer, RESOURCE)) {
      const verdict = await verify(token);
      expect([what, verdict.kind === 'reject' ? verdict.reason : verdict.kind]).toEqual([what, outcome]);
    }
    expect(issuer.countOf('/jwks')).toBe(1);
  });

  it('says whose tokens it takes, and asks nobody before there is one', () => {
    expect(create({ issuer: issuer.url })({ resource: RESOURCE })).toMatchObject({
      name: 'jwt',
      issuers: [issuer.url],
    });
    expect(issuer.requests).toEqual([]);
  });

  it('names a holder by issuer and subject, an odd one by its digest', async () => {
    const principalOf = async (claims: object, options: Partial<JwtOptions> = {}) => {
      const verdict = await verifierOf(options)(await issuer.accessToken({ aud: RESOURCE, ...claims }));
      return verdict.kind === 'accept' ? verdict.principal : verdict;
    };
    expect(await principalOf({}, { name: 'corp' })).toMatchObject({ id: 'issuer:corp:alice', client: 'test-client' });
    expect(await principalOf({})).toMatchObject({ id: `issuer:${issuer.url.replaceAll(':', '%3A')}:alice` });
    // SHA-256 of `ä b` in UTF-8.
    const digest = nodeCrypto.digest('ä b').slice(0, 32);
    expect(await principalOf({ sub: 'ä b' }, { name: 'corp' })).toMatchObject({ id: `issuer:corp:sha256-${digest}` });
  });

  it('asks for the key set where the options say', async () => {
    const verify = verifierOf({ jwks: { url: `${issuer.origin}/jwks` } });
    expect(await verify(await issuer.accessToken({ aud: RESOURCE }))).toMatchObject({ kind: 'accept' });
    expect(issuer.requests.map(({ path }) => path)).toEqual(['/jwks']);
  });

  it('goes with the keys of the issuer as they change', async () => {
    const verify = verifierOf();
    const [old] = issuer.keys;
    const before = await issuer.accessToken({ aud: RESOURCE });
    expect(await verify(before)).toMatchObject({ kind: 'accept' });
    await issuer.addKey('ES256');
    issuer.removeKey(old!.kid);
    const later = Date.now() + MINUTE;
    expect(await verify(await issuer.accessToken({ aud: RESOURCE }), later)).toMatchObject({ kind: 'accept' });
    expect(await verify(before, later)).toMatchObject({ kind: 'reject', reason: 'credential-unknown' });
  });

  it('cannot decide without the issuer', async () => {
    issuer.fault('/jwks', 'error');
    const verify = verifierOf();
    expect(await verify(await issuer.accessToken({ aud: RESOURCE }))).toMatchObject({ reason: 'issuer-unavailable' });
    await issuer.stop();
    expect(await verifierOf()(await issuer.accessToken({ aud: RESOURCE }))).toMatchObject({
      kind: 'reject',
      reason: 'issuer-unavailable',
    });
    await issuer.start();
  });

  it('asks once for the keys of several resources, and takes for each what is for it', async () => {
    const around = create({ issuer: issuer.url });
    const token = await issuer.accessToken({ aud: RESOURCE });
    const verdicts = [];
    for (const resource of [RESOURCE, 'https://other.example/mcp'])
      verdicts.push(
        await around({ resource }).verify(
          { scheme: 'bearer', secret: new Secret(token), proof: null },
          'x',
          Date.now(),
        ),
      );
    expect(verdicts).toMatchObject([{ kind: 'accept' }, { kind: 'reject', reason: 'credential-audience' }]);
    expect(issuer.countOf('/jwks')).toBe(1);
  });

  it('throws when it is made of wrong options', () => {
    expect(() => create({ issuer: 'http://id.example' })).toThrow(TypeError);
  });
});
