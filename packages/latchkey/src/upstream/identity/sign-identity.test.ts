import { decodeJwt } from 'jose';
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
  });

  it('signs once in half a minute for a principal, so that half of it is always left', () => {
    const sign = create();
    const first = sign(FOREIGN, NOW);
    expect(sign(FOREIGN, NOW + 29_999)).toBe(first);
    expect(sign(FOREIGN, NOW + 30_000)).not.toBe(first);
    // Not after the clock was set back: the server would take it for one of the future.
    expect(sign(FOREIGN, NOW - 3_600_000)).not.toBe(first);
  });

  it('shares nothing between two credentials of one holder', () => {
    const sign = create();
    const other = { ...FOREIGN, scopes: new Set(['c']) };
    expect([decodeJwt(sign(FOREIGN, NOW))['scope'], decodeJwt(sign(other, NOW))['scope']]).toEqual(['b a', 'c']);
  });
});
