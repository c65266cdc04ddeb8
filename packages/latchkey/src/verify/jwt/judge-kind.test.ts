import { describe, expect, it } from 'vitest';
import type { Claims } from '../../core/claims.ts';
import { findForeignMark } from './judge-kind.ts';

const ISSUER = 'https://issuer.example';
const CLAIMS = { iss: ISSUER, sub: 'ada', aud: 'https://mcp.example/mcp' };

/** The mark in a JWT that has these claims besides what every access token has. */
function markOf(more: Claims, { type = 'jwt', audiences = null as readonly string[] | null } = {}): string | null {
  return findForeignMark({ ...CLAIMS, ...more }, type, { issuer: ISSUER, audiences });
}

describe('findForeignMark', () => {
  it('finds none in an access token, whether its header says what it is or not', () => {
    for (const type of ['at+jwt', 'jwt', '']) expect(markOf({}, { type })).toBe(null);
  });

  it.each(['at_hash', 'c_hash', 's_hash', 'events', 'htm', 'htu', 'token_introspection', 'sub_jwk', 'jwks'])(
    'finds %s, whatever it says and whatever the header says',
    (name) => {
      for (const type of ['at+jwt', 'jwt'])
        for (const value of ['x', null, undefined]) expect(markOf({ [name]: value }, { type })).toBe(name);
    },
  );

  it.each(['typ', 'token_use', 'token_type'])('reads in %s what the token is', (name) => {
    for (const kind of ['Bearer', 'DPoP', 'access', 'ACCESS_TOKEN', 'at+jwt', 'application/at+jwt'])
      expect(markOf({ [name]: kind })).toBe(null);
    for (const kind of ['id', 'ID', 'Refresh', 'jwt', '', null, 1, ['access']])
      for (const type of ['at+jwt', 'jwt']) expect(markOf({ [name]: kind }, { type })).toBe(name);
  });

  it('takes no claim for another: all that say what the token is must say access token', () => {
    expect(markOf({ typ: 'Bearer', token_use: 'access', token_type: 'id' })).toBe('token_type');
  });

  it('takes a nonce only from a token that says it is an access token', () => {
    expect(markOf({ nonce: 'n' })).toBe('nonce');
    expect(markOf({ nonce: 'n' }, { type: '' })).toBe('nonce');
    expect(markOf({ nonce: 'n' }, { type: 'at+jwt' })).toBe(null);
    expect(markOf({ nonce: 'n', typ: 'Bearer' })).toBe(null);
  });

  it('finds a token that is by its own subject', () => {
    expect(markOf({ iss: 'client', sub: 'client' }, { type: 'at+jwt' })).toBe('sub');
    expect(markOf({ sub: ISSUER })).toBe('sub');
  });

  it('finds a token that is for the issuer itself, unless the operator listed that audience', () => {
    for (const aud of [ISSUER, ['https://mcp.example/mcp', ISSUER]]) {
      expect(markOf({ aud })).toBe('aud');
      expect(markOf({ aud }, { audiences: ['https://mcp.example/mcp'] })).toBe('aud');
      expect(markOf({ aud }, { audiences: [ISSUER] })).toBe(null);
    }
    expect(markOf({ aud: `${ISSUER}/` })).toBe(null);
    expect(markOf({ aud: undefined })).toBe(null);
  });
});
