import type { Claims } from '../../core/claims.ts';

/** Claims that no access token has: of ID tokens, security events, DPoP proofs, introspection answers, entities. */
const FOREIGN = ['at_hash', 'c_hash', 's_hash', 'events', 'htm', 'htu', 'token_introspection', 'sub_jwk', 'jwks'];
/** Where products say in the payload what a JWT is, and what they say of an access token. */
const KIND_CLAIMS = ['typ', 'token_use', 'token_type'];
const ACCESS = new Set(['bearer', 'dpop', 'access', 'access_token', 'at+jwt', 'application/at+jwt']);

interface KindRules {
  readonly issuer: string;
  readonly audiences: readonly string[] | null;
}

/**
 * Which claim shows that a JWT of the issuer is something else than an access token (RFC 8725 §3.12); null when none
 * does. `type` is the header's `typ`: where it says at+jwt the kind is explicit, and only a contradiction counts.
 */
export function findForeignMark(claims: Claims, type: string, { issuer, audiences }: KindRules): string | null {
  const foreign = FOREIGN.find((name) => Object.hasOwn(claims, name));
  if (foreign !== undefined) return foreign;
  let said = type === 'at+jwt';
  for (const name of KIND_CLAIMS) {
    if (!Object.hasOwn(claims, name)) continue;
    const kind = claims[name];
    if (typeof kind !== 'string' || !ACCESS.has(kind.toLowerCase())) return name;
    said = true;
  }
  // ID tokens have one, and so had access tokens of products that say what they are.
  if (!said && Object.hasOwn(claims, 'nonce')) return 'nonce';
  // Client assertions and refresh tokens are for the issuer itself; assertions are by their own subject.
  if (claims['iss'] === claims['sub']) return 'sub';
  const aud = [claims['aud']].flat();
  return aud.includes(issuer) && !(audiences ?? []).includes(issuer) ? 'aud' : null;
}
