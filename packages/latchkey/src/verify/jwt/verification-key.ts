import { whenKnown, type Soon } from '../../core/soon.ts';
import type { ImportedKey, KeyMembers } from './jwt-crypto.ts';

/** One public key of an issuer. */
export interface VerificationKey<Answer extends Soon<boolean> = Soon<boolean>> {
  readonly kid: string | null;
  /** The algorithms that it may verify: never two families for one type of key but RS and PS of an RSA key without `alg`. */
  readonly algorithms: readonly string[];
  readonly key: ImportedKey<Answer>;
  /** Bytes of a signature. */
  readonly signatureBytes: number;
  /** The public key itself: the same wherever it is listed, by whatever name. */
  readonly material: string;
  /** The same for the same key in a later key set. */
  readonly text: string;
}

interface Curve {
  readonly algorithms: readonly string[];
  /** Of a signature. */
  readonly bytes: number;
}

const CURVES: Readonly<Record<string, Curve>> = {
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

type Import<Imported> = (members: KeyMembers, algorithms: readonly string[]) => Imported;

/**
 * The key of a JWK (RFC 7517), for those of these algorithms that fit it, at once where it is imported at once. Null when
 * it is none to verify with: symmetric, private, for another use, too weak, or so large that verifying takes long.
 */
export function parseKey<Answer extends Soon<boolean>>(
  jwk: unknown,
  allowed: readonly string[],
  importKey: Import<ImportedKey<Answer> | null>,
): VerificationKey<Answer> | null;
export function parseKey(
  jwk: unknown,
  allowed: readonly string[],
  importKey: Import<Soon<ImportedKey | null>>,
): Soon<VerificationKey | null>;
export function parseKey(
  jwk: unknown,
  allowed: readonly string[],
  importKey: Import<Soon<ImportedKey | null>>,
): Soon<VerificationKey | null> {
  if (typeof jwk !== 'object' || jwk === null || PRIVATE.some((name) => Object.hasOwn(jwk, name))) return null;
  const { kty, crv, kid, alg, use, key_ops: operations, n, e, x, y } = jwk as Record<string, unknown>;
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) return null;
  if (use !== undefined && use !== 'sig') return null;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return null;
  const curve = CURVES[`${String(kty)} ${String(crv)}`];
  const fitting = kty === 'RSA' ? RSA : (curve?.algorithms ?? []);
  const algorithms = fitting.filter((each) => allowed.includes(each) && (alg === undefined || each === alg));
  if (algorithms.length === 0) return null;
  const members = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, ...(kty === 'EC' ? { y } : {}) };
  return whenKnown(importKey(members, algorithms), (key) => {
    if (key === null || !isSound(key)) return null;
    const signatureBytes = key.rsa === null ? (curve as Curve).bytes : Math.ceil(key.rsa.modulusBits / 8);
    const material = JSON.stringify(members);
    const text = JSON.stringify([kid, algorithms, material]);
    return { kid: kid ?? null, algorithms, key, signatureBytes, material, text };
  });
}

function isSound({ rsa }: ImportedKey): boolean {
  if (rsa === null) return true;
  const { modulusBits, exponent } = rsa;
  if (modulusBits < LEAST_BITS || modulusBits > MOST_BITS) return false;
  return exponent >= 3n && exponent <= LARGEST_EXPONENT && exponent % 2n === 1n;
}

/** Whether the signature over the input is the key's, made with this algorithm, which must be one of the key's. */
export function verifySignature<Answer extends Soon<boolean>>(
  key: VerificationKey<Answer>,
  alg: string,
  input: Uint8Array,
  signature: Uint8Array,
): Answer | false {
  if (!key.algorithms.includes(alg) || signature.length !== key.signatureBytes) return false;
  return key.key.verify(alg, input, signature);
}
