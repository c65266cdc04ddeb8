import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerValue, headerValues, type RawAnswer } from '../fixtures/raw-http.ts';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import {
  boundTo,
  challengesOf,
  client,
  dpopCall,
  expectProofChallenge,
  expectProofsRefused,
  otherClient,
  proofFor,
  sendProved,
} from './dpop-site.ts';
import {
  expectRefused,
  expectUpstreamUntouched,
  modernCall,
  send,
  startEverySite,
  startSite,
  type Site,
  type Spy,
} from './harness.ts';
import { startJwtSite } from './jwt-site.ts';
import { waitForRecord } from './trail-records.ts';

let issuer: TestIssuer;
/** Every token must be bound, and every proof must carry a nonce. */
let strict: readonly Site<Spy>[];
beforeAll(async () => {
  issuer = await startIssuer();
  const auth = { issuers: { test: { issuer: issuer.url } }, dpop: { required: true, nonce: true } };
  strict = await startEverySite({ auth, limits: { failedPerAddress: '5/min' } });
}, 180_000);
afterAll(async () => {
  await Promise.all(strict.map((site) => site.close()));
  await issuer.close();
});

const mintFor = (site: Site<Spy>, claims: object = boundTo(client)): Promise<string> =>
  issuer.accessToken({ aud: site.gateway.url, scope: 'file:read', ...claims });

/** The nonce of an answer that asks for it. */
function nonceOf(answer: RawAnswer): string {
  expectProofChallenge(answer, 'use_dpop_nonce');
  const values = headerValues(answer, 'dpop-nonce');
  expect(values).toEqual([expect.stringMatching(/^[\w-]{20,64}$/)]);
  return values[0] ?? '';
}

test('DPOP required: a token of an issuer that is bound to no key is refused, our own are not', async () => {
  for (const site of strict) {
    const free = await mintFor(site, {});
    const challenges = challengesOf(await expectRefused(site, { token: free }, 401));
    expect(challenges['Bearer']).toMatchObject({ error: 'invalid_token' });
    expect(challenges).toHaveProperty('DPoP');
    await expectRefused(site, dpopCall(free, proofFor(site, { token: free })), 401);
    expect((await send(site, {})).status).toBe(200);
    expect((await send(site, { token: null, headers: { 'X-API-Key': site.apiKey } })).status).toBe(200);
    const { detail } = await waitForRecord(site, { reason: 'credential-bound' });
    expect(detail).toMatch(/bound to no key/);
    const document = await send(site, {
      method: 'GET',
      target: '/.well-known/oauth-protected-resource/mcp',
      token: null,
    });
    expect(JSON.parse(document.body)).toMatchObject({
      dpop_bound_access_tokens_required: true,
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']),
    });
  }
});

test('DPOP nonce: a proof without it is asked for it, and with it let in', async () => {
  for (const site of strict) {
    const token = await mintFor(site);
    await expectUpstreamUntouched(site, async () => {
      const nonce = nonceOf(await sendProved(site, token));
      for (const wrong of [null, '', 'x', 0, [nonce], `${nonce}x`, nonce.slice(1), nonce.toLowerCase(), { nonce }])
        expect(nonceOf(await sendProved(site, token, { claims: { nonce: wrong } }))).toBe(nonce);
    });
    const nonce = nonceOf(await sendProved(site, token));
    const proof = proofFor(site, { token, claims: { nonce } });
    const answer = await send(site, dpopCall(token, proof));
    expect([answer.status, headerValue(answer, 'dpop-nonce')]).toEqual([200, null]);
    expect((await sendProved(site, token, { claims: { nonce } }, modernCall('tools/list'))).status).toBe(200);
    await expectProofsRefused(site, { again: dpopCall(token, proof) });
  }
});

test('DPOP nonce: only who holds the key is asked for it, and being asked is no failure', async () => {
  const [site] = strict as readonly [Site];
  const token = await mintFor(site);
  // Five failures a minute are allowed here.
  for (let round = 0; round < 12; round += 1) nonceOf(await sendProved(site, token));
  const nonce = nonceOf(await sendProved(site, token));
  expect((await sendProved(site, token, { claims: { nonce } })).status).toBe(200);
  const fresh = await startSite({
    auth: { issuers: { test: { issuer: issuer.url } }, dpop: { nonce: true } },
    limits: { failedPerAddress: '3/min' },
  });
  const stolen = await mintFor(fresh);
  const answers: RawAnswer[] = [];
  await expectUpstreamUntouched(fresh, async () => {
    for (let round = 0; round < 5; round += 1) answers.push(await sendProved(fresh, stolen, { by: otherClient }));
  });
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429, 429]);
  for (const answer of answers) expect(headerValue(answer, 'dpop-nonce')).toBeNull();
  await fresh.close();
});

test('DPOP nonce: the next one comes with an answer before the last one is too old', async () => {
  const site = await startJwtSite({
    config: { auth: { issuers: { test: { issuer: issuer.url } }, dpop: { nonce: true, maxAge: '2s' } } },
  });
  const token = await mintFor(site);
  let nonce = nonceOf(await sendProved(site, token));
  const first = nonce;
  const handed: string[] = [];
  await expect
    .poll(async () => {
      const answer = await sendProved(site, token, { claims: { nonce } });
      expect(answer.status).toBe(200);
      const next = headerValue(answer, 'dpop-nonce');
      if (next !== null) handed.push((nonce = next));
      return handed.length;
    })
    .toBeGreaterThanOrEqual(2);
  expect(new Set([first, ...handed]).size).toBe(handed.length + 1);
  expect(nonceOf(await sendProved(site, token, { claims: { nonce: first } }))).not.toBe(first);
  await site.close();
});

test('DPOP the window is as wide as the operator says', async () => {
  const site = await startJwtSite({
    config: { auth: { issuers: { test: { issuer: issuer.url } }, dpop: { maxAge: '20s' } } },
  });
  const token = await mintFor(site);
  const at = (offset: number) => sendProved(site, token, { claims: { iat: Date.now() / 1000 + offset } });
  for (const offset of [-60, 60]) expectProofChallenge(await at(offset));
  for (const offset of [-10, 10]) expect((await at(offset)).status).toBe(200);
  await site.close();
});

test('DPOP wrong proofs are failed credentials', async () => {
  const site = await startSite({
    auth: { issuers: { test: { issuer: issuer.url } } },
    limits: { failedPerAddress: '3/min' },
  });
  const token = await mintFor(site);
  const statuses: number[] = [];
  await expectUpstreamUntouched(site, async () => {
    for (let round = 0; round < 5; round += 1) statuses.push((await sendProved(site, token, { method: 'GET' })).status);
  });
  expect(statuses).toEqual([401, 401, 401, 429, 429]);
  await site.close();
});

test('DPOP without issuers there is no such scheme', async () => {
  const site = await startSite();
  const { aliceRead: token } = site.tokens;
  const answer = await expectRefused(site, dpopCall(token, proofFor(site, { token })), 401);
  expect(Object.keys(challengesOf(answer))).toEqual(['Bearer']);
  const document = await send(site, {
    method: 'GET',
    target: '/.well-known/oauth-protected-resource/mcp',
    token: null,
  });
  expect(document.body).not.toContain('dpop');
  expect((await send(site, { headers: { DPoP: 'anything' } })).status).toBe(200);
  await site.close();
});
