import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import { Secret } from '../core/secret.ts';
import { toAuthInfo } from './auth-info.ts';

const principal = createAnonymous(['a', 'b']);

describe('toAuthInfo', () => {
  it('tells handlers who is asking, and not by which token', () => {
    expect(toAuthInfo(principal)).toEqual({
      token: '[redacted]',
      clientId: 'anonymous',
      scopes: ['a', 'b'],
      extra: { principal },
    });
  });

  it('has the client, the end in seconds, and what it was asked for', () => {
    const resource = new URL('https://api.example/mcp');
    const known = { ...principal, client: 'app', expiresAt: 1_700_000_000_999 };
    expect(toAuthInfo(known, { token: new Secret('x'), resource })).toMatchObject({
      token: 'x',
      clientId: 'app',
      expiresAt: 1_700_000_000,
      resource,
    });
  });
});
