import { Secret } from '../core/secret.ts';

/** A token that nobody issued. */
export const MADE_UP = new Secret('latchkey-check-made-up-token-0000000000000000');

/** A JWT without a signature (RFC 7519 §6) that says what the server would like to hear. */
export function createUnsignedToken(issuer: string, audience: string, nowMs: number): Secret {
  const now = Math.floor(nowMs / 1000);
  const claims = { iss: issuer, sub: 'latchkey-check', aud: audience, iat: now, exp: now + 600, scope: '*' };
  const parts = [{ alg: 'none', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return new Secret(`${parts.join('.')}.`);
}
