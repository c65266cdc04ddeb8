import { hash } from 'node:crypto';
import { nodeCrypto } from '../jwt/node-crypto.ts';
import { parseKey, verifySignature, type VerificationKey } from '../jwt/verification-key.ts';

type Members = Readonly<Record<string, unknown>>;

/** Signature algorithms that proofs may have: asymmetric ones only (RFC 9449 §11.6). */
export const PROOF_ALGORITHMS: readonly string[] =
  'ES256 EdDSA Ed25519 PS256 RS256 ES384 ES512 PS384 PS512 RS384 RS512'.split(' ');

/** The public key in the header of a proof, with the algorithm that the header names. */
export interface ProofKey {
  /** RFC 7638 with SHA-256. */
  readonly thumbprint: string;
  /** Whether this key signed that. The first call imports the key. */
  verifies(input: Uint8Array, signature: Uint8Array): boolean;
}

// Extensions that must be understood, ways to name another key than the one in `jwk`, and other kinds of JOSE objects.
const REFUSED = ['crit', 'b64', 'jku', 'x5u', 'x5c', 'zip', 'enc'];

/** What is wrong with the header of a proof (RFC 9449 §4.3), in our words, or the key that it brings. */
export function readProofKey(header: Members): ProofKey | string {
  const { typ, alg, jwk } = header;
  if (typ !== 'dpop+jwt') return 'typ of the proof is not dpop+jwt';
  if (typeof alg !== 'string' || !PROOF_ALGORITHMS.includes(alg)) return 'alg of the proof is none that is taken';
  const refused = REFUSED.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) return `${refused} in the header of the proof is not taken`;
  const thumbprint = typeof jwk === 'object' && jwk !== null ? toThumbprint(jwk as Members) : null;
  if (thumbprint === null) return 'jwk of the proof is missing or no public key that is taken';
  let key: VerificationKey<boolean> | null | undefined;
  return {
    thumbprint,
    verifies(input, signature) {
      if (key === undefined) key = parseKey(jwk, [alg], nodeCrypto.importKey);
      return key !== null && verifySignature(key, alg, input, signature);
    },
  };
}

const base64url = (length: string): RegExp => new RegExp(`^[\\w-]{${length}}$`);

/** Members of each kind of key that make its thumbprint, in order (RFC 7638 §3.2, RFC 8037 §2), and how each must look. */
const FORMS: ReadonlyMap<unknown, Readonly<Record<string, RegExp>>> = new Map([
  ['EC', { crv: /^P-(?:256|384|521)$/, kty: /^EC$/, x: base64url('43,88'), y: base64url('43,88') }],
  ['OKP', { crv: /^Ed25519$/, kty: /^OKP$/, x: base64url('43') }],
  // Up to 4096 bits, with the exponent that everybody uses: what a verification costs is bounded.
  ['RSA', { e: /^AQAB$/, kty: /^RSA$/, n: base64url('342,683') }],
]);

function toThumbprint(jwk: Members): string | null {
  const named: Record<string, string> = {};
  for (const [name, form] of Object.entries(FORMS.get(jwk['kty']) ?? {})) {
    const text = jwk[name];
    if (typeof text !== 'string' || !form.test(text)) return null;
    named[name] = text;
  }
  // Nothing in it is a character that JSON would escape.
  return named['kty'] === undefined ? null : hash('sha256', JSON.stringify(named), 'base64url');
}
