import { describe, expect, it } from 'vitest';
import { createAnonymous } from './principal.ts';

describe('createAnonymous', () => {
  it('is nobody in particular, with the scopes of strangers and no others', () => {
    expect(createAnonymous(['a', 'b'])).toEqual({
      id: 'anonymous',
      kind: 'anonymous',
      name: 'anonymous',
      client: null,
      scopes: new Set(['a', 'b']),
      servers: null,
      expiresAt: null,
      credentialId: null,
      issuer: null,
      subject: null,
      keyThumbprint: null,
    });
    expect(createAnonymous([]).scopes.size).toBe(0);
  });
});
