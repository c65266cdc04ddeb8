import { createPublicKey, hash, verify, type JsonWebKey } from 'node:crypto';
import { findAlgorithm, type ProofAlgorithm } from './proof-algorithms.ts';

/** The public key in the header of a proof, with the algorithm that the header names. */
export interface ProofKey {
  /** RFC 7638 with SHA-256. */
  readonly thumbprint: string;
  /** Whether this key signed that. The first call imports the key. */
  verifies(input: string, signature: Buffer): boolean;
}

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;
// Extensions that must be understood, ways to name another key than the one in `jwk`, and other forms of the content.
const REFUSED = ['crit', 'b64', 'jku', 'x5u', 'x5c', 'zip', 'enc'] as const;

/** What is wrong with the header of a proof (RFC 9449 §4.3), in our words, or the key that it brings. */
export function readProofKey(header: Readonly<Record<string, unknown>>): ProofKey | string {
  if (header['typ'] !== 'dpop+jwt') return 'typ is not dpop+jwt';
  const algorithm = findAlgorithm(header['alg']);
  if (algorithm === null) return 'alg is none that is taken for proofs';
  const refused = REFUSED.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) return `${refused} may not be in the header of a proof`;
  const jwk = header['jwk'];
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return 'jwk is missing or no key';
  return readJwk(jwk as Readonly<Record<string, unknown>>, header['alg'], algorithm);
}

function readJwk(
  jwk: Readonly<Record<string, unknown>>,
  alg: unknown,
  algorithm: ProofAlgorithm,
): ProofKey | string {
  if (PRIVATE.some((name) => Object.hasOwn(jwk, name))) return 'jwk has members of a private or shared key';
  const named: Record<string, string> = {};
  for (const [name, form] of Object.entries(algorithm.members)) {
    const text = jwk[name];
    if (typeof text !== 'string' || !form.test(text)) return 'jwk is no key for alg';
    named[name] = text;
  }
  const { use, key_ops: operations } = jwk;
  if (jwk['alg'] !== undefined && jwk['alg'] !== alg) return 'jwk is for another alg';
  if (use !== undefined && use !== 'sig') return 'jwk is not for signatures';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'jwk is not for signatures';
  return createProofKey(named, algorithm);
}

// The members are in the order of RFC 7638 §3.3, and none has a character that JSON would escape.
function createProofKey(members: Readonly<Record<string, string>>, { digest, options }: ProofAlgorithm): ProofKey {
  let imported: Parameters<typeof verify>[2] | null = null;
  return {
    thumbprint: hash('sha256', JSON.stringify(members), 'base64url'),
    verifies(input, signature) {
      try {
        imported ??= { key: importKey(members), ...options };
        return verify(digest, Buffer.from(input, 'latin1'), imported, signature);
      } catch {
        // A point that is not on its curve, say: no signature is this key's.
        return false;
      }
    },
  };
}

function importKey(members: JsonWebKey): ReturnType<typeof createPublicKey> {
  const key = createPublicKey({ key: members, format: 'jwk' });
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined && modulusLength < 2048) throw new RangeError('too short');
  return key;
}
