import { describe, expect, it } from 'vitest';
import { isSafe, OutgoingError, requireSafe } from './outgoing.ts';

describe('isSafe', () => {
  it.each([
    ['https://issuer.example/jwks', true],
    ['http://127.0.0.1:9000/', true],
    ['http://127.8.8.8/', true],
    ['http://localhost/', true],
    ['http://[::1]:9000/', true],
    ['http://issuer.example/jwks', false],
    ['http://evil.localhost/', false],
    ['http://127.0.0.1.example/', false],
    ['ftp://127.0.0.1/', false],
  ])('says of %s %j', (url, safe) => {
    expect(isSafe(new URL(url))).toBe(safe);
  });
});

describe('requireSafe', () => {
  it('throws where the question would cross a network in clear, and names the host alone', () => {
    expect(() => requireSafe(new URL('https://issuer.example/?secret=1'))).not.toThrow();
    const clear = new URL('http://issuer.example/?secret=1');
    expect(() => requireSafe(clear)).toThrow(OutgoingError);
    expect(() => requireSafe(clear)).toThrow(/^issuer\.example: the URL must be https$/);
  });
});
