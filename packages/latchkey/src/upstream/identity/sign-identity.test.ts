import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { createAnonymous, type Principal } from '../../core/principal.ts';
import { createIdentityKeys } from './identity-keys.ts';
import { createSignIdentity } from './sign-identity.ts';

const NOW = 1_800_000_000_000;
const FOREIGN: Principal = {
  ...createAnonymous(['b', 'a']),
  id: 'issuer:idp:alice',
  kind: 'jwt',
  name: 'idp:alice',
  client: 'app',
  issuer: 'https://idp.example',
  subject: 'alice\r\n\u00e9',
};
const create = () =>
  createSignIdentity({
    keys: createIdentityKeys('0f'.repeat(32)),
    issuer: () => 'https://mcp.example',
    audience: 'https://inner.example/mcp',
  });

describe('createSignIdentity', () => {
  it('says who a caller of a foreign issuer is, in characters that a header may have', () => {
    const jwt = create()(FOREIGN, NOW);
    expect(jwt).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{86}$/);
    expect(decodeJwt(jwt)).toEqual({
      iss: 'https://mcp.example',
      aud: 'https://inner.example/mcp',
      sub: 'issuer:idp:alice',
      iat: NOW / 1000,
      exp: NOW / 1000 + 60,
      kind: 'jwt',
      name: 'idp:alice',
      scope: 'b a',
      client_id: 'app',
      issuer: 'https://idp.example',
      subject: FOREIGN.subject,
    });
    const kid = createIdentityKeys('0f'.repeat(32)).keyAt(NOW).kid;
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'ES256', typ: 'latchkey-identity+jwt', kid });
  });

  it('says nothing of a client or an issuer where there is none', () => {
    const own = create()({ ...FOREIGN, client: null, issuer: null }, NOW);
    expect(Object.keys(decodeJwt(own)).toSorted()).toEqual([
      'aud',
      'exp',
      'iat',
      'iss',
      'kind',
      'name',
      'scope',
      'sub',
    ]);
  });

  it('signs once in half a minute for a principal, so that half of it is always left', () => {
    const sign = create();
    const first = sign(FOREIGN, NOW);
    expect(sign(FOREIGN, NOW + 29_999)).toBe(first);
    const second = sign(FOREIGN, NOW + 30_000);
    expect(second).not.toBe(first);
    // Not after the clock was set back: the server would take it for one of the future.
    expect(decodeJwt(sign(FOREIGN, NOW - 3_600_000))['iat']).toBe(NOW / 1000 - 3600);
  });

  it('shares nothing between two credentials of one holder', () => {
    const sign = create();
    const other = { ...FOREIGN, scopes: new Set(['c']) };
    expect([decodeJwt(sign(FOREIGN, NOW))['scope'], decodeJwt(sign(other, NOW))['scope']]).toEqual(['b a', 'c']);
  });
});
