import { describe, expect, it } from 'vitest';
import { LEEWAY_MS } from '../../core/claims.ts';
import { readProofClaims } from './proof-claims.ts';

const URL_HERE = 'https://mcp.example/mcp';
const NOW = 1_800_000_000_000;
const SECOND = NOW / 1000;
const LEEWAY = LEEWAY_MS / 1000;
const RIGHT = { jti: 'one', htm: 'POST', htu: URL_HERE, iat: SECOND, ath: 'hash' };

const occasion = {
  request: { jwt: '', method: 'POST', url: URL_HERE },
  tokenHash: 'hash',
  maxAgeMs: 300_000,
  now: NOW,
};
const read = (claims: object) => readProofClaims({ ...RIGHT, ...claims }, occasion);

const JTI = 'jti is missing or no text of its kind';
const HTU = 'htu is not the URL of the request as it is known here; see publicUrl or resource';
const IAT = 'iat is missing or no time';
const FAR = 'iat is too far from the time here; see auth.dpop.maxAge';
const ATH = 'ath is not the hash of the token';
const EXP = 'exp is over or no time';
const NBF = 'nbf is not yet or no time';

describe('readProofClaims', () => {
  it('gives what matters further', () => {
    expect(read({ nonce: 'n', more: 1 })).toEqual({ jti: 'one', issuedAt: NOW, nonce: 'n' });
  });

  it.each<[object, string]>([
    [{ jti: undefined }, JTI],
    [{ jti: '' }, JTI],
    [{ jti: 1 }, JTI],
    [{ jti: 'x'.repeat(513) }, JTI],
    [{ htm: 'post' }, 'htm is not the method of the request'],
    [{ htu: undefined }, HTU],
    [{ htu: `${URL_HERE}/more` }, HTU],
    [{ iat: undefined }, IAT],
    [{ iat: String(SECOND) }, IAT],
    [{ iat: -1 }, IAT],
    [{ iat: 1e11 }, IAT],
    [{ iat: 0 }, FAR],
    [{ iat: SECOND - 301 }, FAR],
    [{ iat: SECOND + 301 }, FAR],
    [{ ath: 'other' }, ATH],
    [{ ath: undefined }, ATH],
    [{ exp: SECOND - LEEWAY }, EXP],
    [{ exp: 'later' }, EXP],
    [{ exp: 1e11 }, EXP],
    [{ exp: null }, EXP],
    [{ nbf: SECOND + LEEWAY + 1 }, NBF],
    [{ nbf: 'now' }, NBF],
    [{ nbf: -1 }, NBF],
    [{ nbf: null }, NBF],
  ])('refuses %o and says what is wrong', (claims, wrong) => {
    expect(read(claims)).toBe(wrong);
  });

  it.each<object>([
    { jti: 'x'.repeat(512) },
    { iat: SECOND - 300 },
    { iat: SECOND + 300 },
    { exp: SECOND - LEEWAY + 1 },
    { nbf: SECOND + LEEWAY },
    { nbf: 0 },
  ])('takes %o', (claims) => {
    expect(read(claims)).toMatchObject({ nonce: undefined });
  });
});
