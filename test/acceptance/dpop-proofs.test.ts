import { afterAll, beforeAll, expect, test } from 'vitest';
import { athOf, createDpopClient } from '../fixtures/dpop-client.ts';
import { malformedProofs } from '../fixtures/wrong-proofs.ts';
import { ranBy } from './answers.ts';
import {
  boundTo,
  challengesOf,
  client,
  dpopCall,
  expectProofsRefused,
  expectTokenChallenge,
  otherClient,
  proofFor,
  sendProved,
} from './dpop-site.ts';
import { callsSeen, expectRefused, send, type Call } from './harness.ts';
import { startJwtSite, type JwtSite } from './jwt-site.ts';
import { waitForRecord } from './trail-records.ts';

let site: JwtSite;
let token: string;
beforeAll(async () => {
  site = await startJwtSite();
  token = await site.mint(boundTo(client));
});
afterAll(() => site.close());

/** One call for each of these proofs. */
const callsWith = (proofs: Readonly<Record<string, string>>): Record<string, Call> =>
  Object.fromEntries(Object.entries(proofs).map(([name, proof]) => [name, dpopCall(token, proof)]));
const withClaims = (claims: object): string => proofFor(site, { token, claims });
const inSeconds = (offset: number): number => Math.floor(Date.now() / 1000) + offset;

test('DPOP-01 Bound token as Bearer', async () => {
  const proof = (): string => proofFor(site, { token });
  for (const call of [
    { token },
    { token, headers: { DPoP: proof() } },
    { token: null, headers: { Authorization: `bearer ${token}`, DPoP: proof() } },
  ]) {
    const challenges = challengesOf(await expectRefused(site, call, 401));
    expect(challenges['Bearer']).toMatchObject({ error: 'invalid_token' });
    expect(challenges['DPoP']).toMatchObject({ algs: expect.stringContaining('ES256') });
    expect(challenges['DPoP']).not.toHaveProperty('error');
  }
  await expectRefused(site, { token: null, headers: { 'X-API-Key': token } }, 401);
  await expectRefused(site, dpopCall(token, proof(), { headers: { 'X-API-Key': token } }), 400);
  const both = { Authorization: [`DPoP ${token}`, `Bearer ${token}`], DPoP: proof() };
  await expectRefused(site, { token: null, headers: both }, 400);
  const { detail } = await waitForRecord(site, { reason: 'credential-bound', status: 401 });
  expect(detail).toMatch(/bound to a key/);
});

test('DPOP-01 a token that is bound to no key is none for the DPoP scheme', async () => {
  const free = await site.mint();
  for (const unbound of [free, site.tokens.aliceRead, site.apiKey])
    await expectProofsRefused(
      site,
      {
        'with a proof': dpopCall(unbound, proofFor(site, { token: unbound })),
        'without one': dpopCall(unbound, null),
      },
      expectTokenChallenge,
    );
  for (const bearer of [free, site.tokens.aliceRead]) {
    const headers = { DPoP: proofFor(site, { token: bearer }) };
    expect((await send(site, { token: bearer, headers })).status).toBe(200);
    expect((await send(site, { token: bearer, headers: { DPoP: 'anything' } })).status).toBe(200);
  }
  expect((await send(site, { token: null, headers: { 'X-API-Key': site.apiKey, DPoP: 'anything' } })).status).toBe(200);
});

test('DPOP-01 a confirmation by anything else than a DPoP key is no bearer token either', async () => {
  const confirmations: Record<string, unknown> = {
    'by certificate': { 'x5t#S256': client.thumbprint },
    'by both': { jkt: client.thumbprint, 'x5t#S256': client.thumbprint },
    'by an empty thumbprint': { jkt: '' },
    'by a thumbprint in hex': { jkt: Buffer.from(client.thumbprint, 'base64url').toString('hex') },
    'by a list': { jkt: [client.thumbprint] },
    'by a key': { jwk: client.publicJwk },
    'by nothing': {},
    'no object': client.thumbprint,
  };
  for (const cnf of Object.values(confirmations)) {
    const odd = await site.mint({ cnf });
    await expectRefused(site, { token: odd }, 401);
    await expectRefused(site, dpopCall(odd, proofFor(site, { token: odd })), 401);
  }
});

test('DPOP-02 Good proof', async () => {
  site.spy.reset();
  const proof = proofFor(site, { token });
  const answer = await send(site, dpopCall(token, proof));
  expect([answer.status, ranBy(answer).ran]).toEqual([200, 'echo']);
  expect(challengesOf(answer)).toEqual({});
  // Neither the token nor the proof goes on, under whatever name.
  expect(callsSeen(site)).toHaveLength(1);
  expect(site.spy.bytes()).not.toMatch(/dpop/i);
  for (const secret of [token, proof, proof.split('.')[2] ?? '']) expect(site.spy.bytes()).not.toContain(secret);
  for (const scheme of ['dpop', 'DPOP', 'DPoP  ']) {
    const headers = { Authorization: `${scheme} ${token}`, DPoP: proofFor(site, { token }) };
    expect((await send(site, { token: null, headers })).status).toBe(200);
  }
  expect(await waitForRecord(site, { decision: 'allow', target: 'echo' })).toMatchObject({
    principal: 'issuer:test:alice',
  });
});

test('DPOP-02 every algorithm that the challenge names', async () => {
  const challenge = challengesOf(await expectRefused(site, { token: null }, 401))['DPoP'];
  const algorithms = (challenge?.['algs'] ?? '').split(' ');
  expect(algorithms).toEqual(expect.arrayContaining(['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256']));
  for (const alg of algorithms) {
    const holder = createDpopClient(alg);
    const bound = await site.mint(boundTo(holder));
    expect([alg, (await sendProved(site, bound, { by: holder })).status]).toEqual([alg, 200]);
    expect([alg, (await sendProved(site, bound, { by: holder })).status]).toEqual([alg, 200]);
  }
});

test('DPOP-04 Proof form', async () => {
  await expectProofsRefused(site, callsWith(malformedProofs(client, { url: site.gateway.url, token })));
  await expectProofsRefused(site, { 'no proof': dpopCall(token, null) });
  // The operator is told what is wrong, and nothing of what was sent.
  const { detail } = await waitForRecord(site, { reason: 'proof-invalid', detail: 'there is no DPoP header' });
  expect(detail).not.toContain(token);
});

test('DPOP-04 more than one proof', async () => {
  const [one, two] = [proofFor(site, { token }), proofFor(site, { token })];
  await expectRefused(site, dpopCall(token, [one, two]), 400);
  await expectRefused(site, dpopCall(token, [one, one]), 400);
  await expectRefused(site, dpopCall(token, [one, '']), 400);
  await expectRefused(site, dpopCall(token, one, { headers: { dpop: two } }), 400);
  expect((await send(site, dpopCall(token, one))).status).toBe(200);
});

test('DPOP-04 nobody is asked who the key belongs to', async () => {
  const before = site.issuer.requests.length;
  for (const name of ['jku', 'x5u'])
    await expectProofsRefused(
      site,
      callsWith({ [name]: proofFor(site, { token, header: { [name]: `${site.issuer.origin}/jwks` } }) }),
    );
  expect(site.issuer.requests.length).toBe(before);
});

test('DPOP-06 iat window', async () => {
  await expectProofsRefused(
    site,
    callsWith({
      '6 minutes old': withClaims({ iat: inSeconds(-360) }),
      '6 minutes ahead': withClaims({ iat: inSeconds(360) }),
      '5 minutes and a little old': withClaims({ iat: inSeconds(-302) }),
      '5 minutes and a little ahead': withClaims({ iat: inSeconds(315) }),
      'a day old': withClaims({ iat: inSeconds(-86_400) }),
      'of 1970': withClaims({ iat: 0 }),
    }),
  );
  for (const offset of [-280, -60, 60, 295, 0.5])
    expect((await sendProved(site, token, { claims: { iat: Date.now() / 1000 + offset } })).status).toBe(200);
});

test('DPOP-08 ath', async () => {
  const another = await site.mint(boundTo(client));
  const hex = Buffer.from(athOf(token), 'base64url').toString('hex');
  await expectProofsRefused(
    site,
    callsWith({
      missing: withClaims({ ath: undefined }),
      'of another token of the same key': withClaims({ ath: athOf(another) }),
      'of the scheme too': withClaims({ ath: athOf(`DPoP ${token}`) }),
      padded: withClaims({ ath: `${athOf(token)}=` }),
      'in hex': withClaims({ ath: hex }),
      'in base64': withClaims({ ath: Buffer.from(hex, 'hex').toString('base64') }),
      cut: withClaims({ ath: athOf(token).slice(0, 42) }),
      'the token itself': withClaims({ ath: token }),
    }),
  );
});

test('DPOP-09 Key mismatch', async () => {
  const others = await site.mint(boundTo(otherClient));
  await expectProofsRefused(
    site,
    {
      'a right proof by another key': dpopCall(token, proofFor(site, { token, by: otherClient })),
      'the token of another key': dpopCall(others, proofFor(site, { token: others })),
    },
    expectTokenChallenge,
  );
  await expectProofsRefused(
    site,
    callsWith({
      'signed by another key than the one in it': proofFor(site, { token, signing: otherClient.key }),
      'another key in it than the one that signed': proofFor(site, {
        token,
        by: otherClient,
        header: { jwk: client.publicJwk },
      }),
    }),
  );
  expect((await sendProved(site, others, { by: otherClient })).status).toBe(200);
});

test('DPOP-09 a wrong token is told of before any proof', async () => {
  const wrong: Record<string, string> = {
    expired: await site.mint({ ...boundTo(client), exp: inSeconds(-60) }),
    'for another audience': await site.mint({ ...boundTo(client), aud: 'https://other.example/mcp' }),
    'of nobody': `${token.slice(0, -8)}AAAAAAAA`,
  };
  for (const [name, bad] of Object.entries(wrong))
    await expectProofsRefused(
      site,
      { [name]: dpopCall(bad, proofFor(site, { token: bad })), [`${name}, no proof`]: dpopCall(bad, null) },
      expectTokenChallenge,
    );
});

test('DPOP a client steps up by the scheme it uses', async () => {
  const answer = await expectRefused(site, dpopCall(token, proofFor(site, { token }), { tool: 'write_file' }), 403);
  expect(challengesOf(answer)).toEqual({
    DPoP: expect.objectContaining({ error: 'insufficient_scope', scope: 'file:write' }),
  });
});

test('DPOP the metadata say which proofs are taken', async () => {
  const metadata = await send(site, {
    method: 'GET',
    target: '/.well-known/oauth-protected-resource/mcp',
    token: null,
  });
  const document = JSON.parse(metadata.body) as Record<string, unknown>;
  const algs = challengesOf(await expectRefused(site, { token: null }, 401))['DPoP']?.['algs'];
  expect((document['dpop_signing_alg_values_supported'] as string[]).join(' ')).toBe(algs);
  expect(document).not.toHaveProperty('dpop_bound_access_tokens_required');
});
