import { describe, expect, it } from 'vitest';
import { parseIssuedToken } from './issued-token.ts';
import type { JwtIssuer } from './jwt-issuer.ts';

const ISSUER = { rules: { name: 'it' }, algorithms: ['ES256'], types: ['at+jwt'] } as unknown as JwtIssuer;
const ISSUERS = new Map([['https://it.example', ISSUER]]);
const ELSEWHERE = new Set(['https://other.example']);

const toPart = (members: object): string => Buffer.from(JSON.stringify(members)).toString('base64url');
const parse = (claims: object, header: object = { alg: 'ES256', typ: 'at+jwt' }) =>
  parseIssuedToken(`${toPart(header)}.${toPart(claims)}.AA`, ISSUERS, ELSEWHERE);

describe('parseIssuedToken', () => {
  it('finds the issuer that a token names', () => {
    const claims = { iss: 'https://it.example', sub: 'ada' };
    expect(parse(claims)).toMatchObject({ issuer: ISSUER, token: { header: { alg: 'ES256' }, claims } });
  });

  it('leaves the tokens of other verifiers to them, and refuses those of nobody', () => {
    expect(parse({ iss: 'https://other.example' })).toEqual({ kind: 'skip' });
    for (const iss of ['https://it.example/', ['https://it.example'], undefined])
      expect(parse({ iss })).toMatchObject({ kind: 'reject', reason: 'credential-unknown' });
  });

  it('refuses what is no JWT, and a header that no access token of the issuer has', () => {
    expect(parseIssuedToken('e.e.e', ISSUERS, ELSEWHERE)).toMatchObject({ reason: 'credential-malformed' });
    expect(parse({ iss: 'https://it.example' }, { alg: 'none' })).toMatchObject({
      kind: 'reject',
      reason: 'credential-claims',
      detail: 'alg is not in auth.issuers.it.algorithms',
    });
  });
});
