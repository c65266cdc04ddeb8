import { LEEWAY_MS } from '../../core/claims.ts';
import type { ProofOfPossession } from '../../core/verifier.ts';
import { isSameUrl } from './same-url.ts';

/** What a proof must be for. */
export interface Occasion {
  readonly request: ProofOfPossession;
  /** SHA-256 of the access token, base64url. */
  readonly tokenHash: string;
  readonly maxAgeMs: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Claims of a proof that is for this occasion, but for its signature. */
export interface ProofClaims {
  readonly jti: string;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
  readonly nonce: unknown;
}

const LONGEST_JTI = 512;

/** The claims that matter further, or what is wrong with them, in our words (RFC 9449 §4.3). */
export function readProofClaims(
  claims: Readonly<Record<string, unknown>>,
  { request, tokenHash, maxAgeMs, now }: Occasion,
): ProofClaims | string {
  const { jti, htm, htu, iat, ath, exp, nbf, nonce } = claims;
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI) return 'jti is missing or no text of its kind';
  if (htm !== request.method) return 'htm is not the method of the request';
  if (typeof htu !== 'string' || !isSameUrl(htu, request.url))
    return 'htu is not the URL of the request as it is known here; see publicUrl or resource';
  if (!isMoment(iat)) return 'iat is missing or no time';
  if (Math.abs(iat * 1000 - now) > maxAgeMs) return 'iat is too far from the time here; see auth.dpop.maxAge';
  if (ath !== tokenHash) return 'ath is not the hash of the token';
  if (exp !== undefined && !(isMoment(exp) && exp * 1000 + LEEWAY_MS > now)) return 'exp is over or no time';
  if (nbf !== undefined && !(isMoment(nbf) && nbf * 1000 - LEEWAY_MS <= now)) return 'nbf is not yet or no time';
  return { jti, issuedAt: iat * 1000, nonce };
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 1e11;
}
