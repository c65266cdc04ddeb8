import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import { decodeHeaderValue } from '../core/mcp-header.ts';
import { toIdentityHeaders } from './identity-headers.ts';

describe('toIdentityHeaders', () => {
  it('has every header, if only with an empty value', () => {
    expect(toIdentityHeaders(createAnonymous([]))).toEqual([
      'latchkey-principal',
      'anonymous',
      'latchkey-client',
      '',
      'latchkey-scopes',
      '',
    ]);
  });

  it('says the client and the scopes, and in base64 what no header can carry', () => {
    const principal = { ...createAnonymous(['a', 'b']), id: 'issuer:idp:Zo\u00eb\r\nX: y', client: 'app' };
    const [, id, , client, , scopes] = toIdentityHeaders(principal);
    expect(id).toMatch(/^[\x21-\x7e]+$/);
    expect(decodeHeaderValue(id as string)).toBe(principal.id);
    expect([client, scopes]).toEqual(['app', 'a b']);
  });
});
