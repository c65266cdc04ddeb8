import {
  constants,
  createPublicKey,
  verify,
  type AsymmetricKeyDetails,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';

/** One public key of an issuer. */
export interface VerificationKey {
  readonly kid: string | null;
  /** The algorithms that it may verify: never two families for one type of key but RS and PS of an RSA key without `alg`. */
  readonly algorithms: readonly string[];
  readonly key: KeyObject;
  /** Bytes of a signature. */
  readonly signatureBytes: number;
  /** The same for the same key in a later key set. */
  readonly text: string;
}

const CURVES: Readonly<Record<string, { readonly algorithms: readonly string[]; readonly bytes: number }>> = {
  'EC P-256': { algorithms: ['ES256'], bytes: 64 },
  'EC P-384': { algorithms: ['ES384'], bytes: 96 },
  'EC P-521': { algorithms: ['ES512'], bytes: 132 },
  'OKP Ed25519': { algorithms: ['EdDSA', 'Ed25519'], bytes: 64 },
};
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
const LEAST_BITS = 2048;
const MOST_BITS = 8192;
const LARGEST_EXPONENT = 4_294_967_295n;

/**
 * The key of a JWK (RFC 7517), for those of these algorithms that fit it. Null when it is none to verify with: symmetric,
 * private, for another use, too weak, or so large that verifying takes long.
 */
export function parseKey(jwk: unknown, allowed: readonly string[]): VerificationKey | null {
  if (typeof jwk !== 'object' || jwk === null || PRIVATE.some((name) => Object.hasOwn(jwk, name))) return null;
  const { kty, crv, kid, alg, use, key_ops: operations, n, e, x, y } = jwk as Record<string, unknown>;
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) return null;
  if (use !== undefined && use !== 'sig') return null;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return null;
  const curve = CURVES[`${String(kty)} ${String(crv)}`];
  const fitting = kty === 'RSA' ? RSA : (curve?.algorithms ?? []);
  const algorithms = fitting.filter((each) => allowed.includes(each) && (alg === undefined || each === alg));
  if (algorithms.length === 0) return null;
  const key = importKey(kty === 'RSA' ? { kty, n, e } : { kty, crv, x, ...(kty === 'EC' ? { y } : {}) });
  if (key === null || !isSound(key)) return null;
  const { modulusLength = 0 } = key.asymmetricKeyDetails as AsymmetricKeyDetails;
  return {
    kid: kid ?? null,
    algorithms,
    key,
    signatureBytes: curve?.bytes ?? Math.ceil(modulusLength / 8),
    text: JSON.stringify([kid, algorithms, kty, crv, n, e, x, y]),
  };
}

function importKey(jwk: Record<string, unknown>): KeyObject | null {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    return null;
  }
}

function isSound({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  if (asymmetricKeyType !== 'rsa') return true;
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails;
  if (modulusLength < LEAST_BITS || modulusLength > MOST_BITS) return false;
  return publicExponent >= 3n && publicExponent <= LARGEST_EXPONENT && publicExponent % 2n === 1n;
}

/** Whether the signature over the input is the key's, made with this algorithm (RFC 7518 §3, RFC 8037 §3.1). */
export function verifySignature(key: VerificationKey, alg: string, input: Buffer, signature: Buffer): boolean {
  if (!key.algorithms.includes(alg) || signature.length !== key.signatureBytes) return false;
  return verify(alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`, input, toVerifying(key.key, alg), signature);
}

function toVerifying(key: KeyObject, alg: string): Parameters<typeof verify>[2] {
  if (alg.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' };
  if (!alg.startsWith('PS')) return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
