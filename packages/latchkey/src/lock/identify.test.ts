import { describe, expect, it } from 'vitest';
import { toIncoming, type Sent } from '../../../../test/fixtures/incoming.ts';
import { makeLock } from '../../../../test/library/hand-made-lock.ts';
import { createAnonymous } from '../core/principal.ts';
import type { Refusal } from '../core/reason.ts';
import type { Credential, Verdict } from '../core/verifier.ts';
import type { Asking } from './asking.ts';
import { findCredential, identify, toCredential } from './identify.ts';
import { createLockState, type LockState } from './lock-state.ts';
import { createAsking } from './lock.ts';

const NOW = 1_000_000;
const ALICE = { ...createAnonymous([]), id: 'alice', kind: 'token' as const };
const ACCEPTED: Verdict = { kind: 'accept', principal: ALICE };

const { lock } = makeLock({ tokens: {} });

function asking(sent: Sent = {}): Asking {
  return createAsking({ ...lock.parts, now: () => NOW }, toIncoming(sent));
}

/** What is found of these headers, with a secret as its text. */
function find(headers: Record<string, string>, url: string | null = 'https://api.example/mcp') {
  const found = findCredential(asking({ headers: Object.entries(headers) }), url);
  return found === null || 'reason' in found ? found : { ...found, secret: found.secret.reveal() };
}

describe('findCredential', () => {
  it('takes the scheme in any spelling, and any number of spaces behind it', () => {
    const bearer = { scheme: 'bearer', secret: 'abc', proof: null, suspect: false };
    for (const authorization of ['Bearer abc', 'bearer abc', 'BEARER abc', 'Bearer   abc', 'bEaReR  abc'])
      expect(find({ authorization })).toEqual(bearer);
    for (const authorization of ['DPoP abc', 'dpop  abc', 'DPOP abc'])
      expect(find({ authorization })).toEqual({ ...bearer, scheme: 'dpop' });
  });

  it('refuses what is no credential, and two of them', () => {
    for (const authorization of ['Basic abc', 'Bearer', 'Bearer ', 'Bearerabc', 'abc', 'xBearer abc', 'Bearer a b', ''])
      expect(find({ authorization })).toEqual({ reason: 'credential-malformed' });
    expect(find({ 'x-api-key': 'a b' })).toEqual({ reason: 'credential-malformed' });
    expect(find({ authorization: 'Bearer abc', 'x-api-key': 'abc' })).toEqual({ reason: 'credential-ambiguous' });
    expect(find({})).toBeNull();
  });

  it('takes tokens of 16,384 characters and keys of 4,096, and none that are longer', () => {
    const [token, key] = ['t'.repeat(16_384), 'k'.repeat(4096)];
    expect(find({ authorization: `Bearer ${token}` })).toMatchObject({ secret: token });
    expect(find({ authorization: `Bearer ${token}t` })).toEqual({ reason: 'credential-malformed' });
    expect(find({ 'x-api-key': key })).toEqual({ scheme: 'api-key', secret: key, proof: null, suspect: false });
    expect(find({ 'x-api-key': `${key}k` })).toEqual({ reason: 'credential-malformed' });
  });

  it('has a proof where one came and something can be proved', () => {
    const sent = { authorization: 'DPoP abc', dpop: 'a.b.c' };
    const url = 'https://api.example/mcp';
    expect(find(sent, url)).toMatchObject({ proof: { jwt: 'a.b.c', method: 'GET', url } });
    expect(find(sent, null)).toMatchObject({ proof: null });
    expect(find({ authorization: 'DPoP abc' }, url)).toMatchObject({ proof: null });
  });

  it('suspects what comes from where too many failed', () => {
    for (const headers of [
      ['authorization', 'Bearer abc'],
      ['x-api-key', 'abc'],
    ] as const) {
      const about = Object.assign(asking({ headers: [headers] }), { failuresExceeded: 1 });
      expect(findCredential(about, null)).toMatchObject({ suspect: true });
    }
  });
});

describe('toCredential', () => {
  it('takes a text that could be a token as one, any other as a key', () => {
    expect(toCredential('a-b')).toMatchObject({ scheme: 'bearer' });
    expect(toCredential('a"b')).toMatchObject({ scheme: 'api-key' });
    expect([toCredential(''), toCredential('a b'), toCredential('é')]).toEqual([null, null, null]);
  });
});

function createState(verdict: Verdict, failures = 100): LockState {
  const { limits } = lock.parts;
  return createLockState({
    ...lock.parts,
    verifier: { name: 'test', verify: () => verdict },
    limits: { ...limits, failedPerAddress: { count: failures, periodMs: 60_000 } },
  });
}

const CREDENTIAL = toCredential('abc') as Credential;
const STRANGERS_NOT_LET_IN = { server: 'default', anonymous: null };

async function judge(
  state: LockState,
  found: Credential | Refusal | null = CREDENTIAL,
  about = asking(),
): Promise<Refusal | null> {
  return identify(state, about, found, STRANGERS_NOT_LET_IN);
}

describe('identify', () => {
  it('sets the principal, and the nonce that the verifier gave', async () => {
    const about = asking();
    expect(await judge(createState({ ...ACCEPTED, nonce: 'n1' }), CREDENTIAL, about)).toBeNull();
    expect(about).toMatchObject({ principal: ALICE, proofNonce: 'n1' });
    const other = asking();
    await judge(createState(ACCEPTED), CREDENTIAL, other);
    expect(other.proofNonce).toBeNull();
  });

  it('says why a credential is none, in the words of its verifier', async () => {
    const rejected = (more: object) => judge(createState({ kind: 'reject', reason: 'credential-claims', ...more }));
    expect(await rejected({ detail: 'no sub' })).toEqual({ reason: 'credential-claims', detail: 'no sub' });
    expect(await rejected({})).toEqual({ reason: 'credential-claims' });
    expect(await judge(createState({ kind: 'skip' }))).toEqual({ reason: 'credential-unknown' });
    expect(await judge(createState(ACCEPTED), null)).toEqual({ reason: 'credential-missing', scopes: [] });
  });

  it('counts failures of an address, and holds back even a right one when there were too many', async () => {
    const malformed: Refusal = { reason: 'credential-malformed' };
    for (const wrong of [malformed, CREDENTIAL]) {
      const state = createState({ kind: 'reject', reason: 'credential-unknown' }, 1);
      expect(await judge(state, wrong)).toEqual({
        reason: wrong === malformed ? malformed.reason : 'credential-unknown',
      });
      expect(await judge(state, wrong)).toEqual({ reason: 'limit-failures', retryAfterSeconds: 60 });
    }
    const stranger = Object.assign(asking(), { failuresExceeded: 1500 });
    const state = createState(ACCEPTED);
    expect(await judge(state, CREDENTIAL, stranger)).toEqual({ reason: 'limit-failures', retryAfterSeconds: 1.5 });
    expect(stranger.principal).toBeNull();
    await judge(state);
    const known = Object.assign(asking(), { failuresExceeded: 1500 });
    expect(await judge(state, CREDENTIAL, known)).toBeNull();
    const elsewhere = Object.assign(asking({ address: '192.0.2.8' }), { failuresExceeded: 1500 });
    expect(await judge(state, CREDENTIAL, elsewhere)).toMatchObject({ reason: 'limit-failures' });
  });

  it('counts nothing against who did not fail to prove anything', async () => {
    const undecided: readonly (readonly [Verdict, Refusal])[] = [
      [
        { kind: 'reject', reason: 'proof-nonce', nonce: 'n2' },
        { reason: 'proof-nonce', nonce: 'n2' },
      ],
      [
        { kind: 'reject', reason: 'store-unavailable' },
        { reason: 'store-unavailable', retryAfterSeconds: 1 },
      ],
      [
        { kind: 'reject', reason: 'issuer-unavailable', detail: 'keys' },
        { reason: 'issuer-unavailable', retryAfterSeconds: 1, detail: 'keys' },
      ],
    ];
    for (const [verdict, refusal] of undecided) {
      const state = createState(verdict, 1);
      expect([await judge(state), await judge(state)]).toEqual([refusal, refusal]);
    }
    const ambiguous: Refusal = { reason: 'credential-ambiguous' };
    const state = createState(ACCEPTED, 1);
    expect([await judge(state, ambiguous), await judge(state, ambiguous)]).toEqual([ambiguous, ambiguous]);
    const guessing = createState({ kind: 'skip' }, 1);
    const fromNowhere = () => judge(guessing, CREDENTIAL, asking({ address: '' }));
    expect([await fromNowhere(), await fromNowhere()]).toEqual([
      { reason: 'credential-unknown' },
      { reason: 'credential-unknown' },
    ]);
  });

  it('lets nobody in over clear text, and tells whose credential anyone could read', async () => {
    for (const [verdict, principal] of [
      [ACCEPTED, ALICE],
      [{ kind: 'skip' }, null],
    ] as const) {
      const about = asking({ token: 'abc', encrypted: false });
      expect(await judge(createState(verdict), CREDENTIAL, about)).toEqual({ reason: 'clear-text' });
      expect(about).toMatchObject({ exposed: true, principal });
    }
    for (const reason of ['credential-malformed', 'credential-ambiguous'] as const) {
      const state = createState(ACCEPTED, 1);
      for (let at = 0; at < 2; at += 1)
        expect(await judge(state, { reason }, asking({ encrypted: false }))).toEqual({ reason: 'clear-text' });
    }
  });

  it('lets strangers in over clear text only where not everything has to be encrypted', () => {
    for (const verifier of [lock.parts.verifier, null])
      for (const [encryptedOnly, encrypted, refusal] of [
        [true, false, { reason: 'clear-text' }],
        [true, true, null],
        [false, false, null],
      ] as const) {
        const state = createLockState({ ...lock.parts, verifier, encryptedOnly });
        const strangers = { server: 'default', anonymous: ALICE };
        expect(identify(state, asking({ encrypted }), null, strangers)).toEqual(refusal);
      }
  });
});
