import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIssuerKey, type IssuerKey, signCompact } from '../test/fixtures/issuer-keys.ts';
import type { TokenSet } from './peer.ts';
import { SCOPE } from './request.ts';

export const ISSUER = 'https://issuer.example/realms/bench';
export const AUDIENCE = 'https://bench.example/mcp';

/** Access tokens as issuers give them, ES256 and some 600 bytes, and the settings of a gateway that takes them. */
export function createJwts(directory: string, count: number): { tokens: TokenSet; auth: object } {
  const key = createIssuerKey('ES256');
  const file = join(directory, 'jwks.json');
  writeFileSync(file, JSON.stringify({ keys: [key.publicJwk] }));
  return {
    tokens: {
      valid: Array.from({ length: count }, (_, index) => mintJwt(key, `bench-${index}`)),
      unscoped: mintJwt(key, 'unscoped', 'other'),
    },
    auth: { issuers: { bench: { issuer: ISSUER, audience: AUDIENCE, jwks: { file } } } },
  };
}

/** One access token of the issuer (RFC 9068 §2.2). */
export function mintJwt(key: IssuerKey, sub: string, scope: string = SCOPE): string {
  const iat = Math.floor(Date.now() / 1000);
  const who = { client_id: 'bench-client', scope: `${scope} openid profile`, azp: 'bench-client', sid: randomUUID() };
  const claims = { iss: ISSUER, sub, aud: AUDIENCE, iat, exp: iat + 3600, jti: randomUUID(), ...who };
  return signCompact({ alg: key.alg, kid: key.kid, typ: 'at+jwt' }, claims, key);
}
