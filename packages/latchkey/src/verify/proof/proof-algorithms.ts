import { constants } from 'node:crypto';

/** How one JWS algorithm is verified, and which keys are keys for it. */
export interface ProofAlgorithm {
  /** Members of its keys that make the thumbprint, in order (RFC 7638 §3.2, RFC 8037 §2), and how each must look. */
  readonly members: Readonly<Record<string, RegExp>>;
  readonly digest: string | null;
  /** What `crypto.verify` needs besides the key. */
  readonly options: { readonly dsaEncoding?: 'ieee-p1363'; readonly padding?: number; readonly saltLength?: number };
}

const exactly = (text: string): RegExp => new RegExp(`^${text}$`);
const base64url = (length: string): RegExp => new RegExp(`^[\\w-]{${length}}$`);

function onCurve(crv: string, digest: string, coordinateBytes: number): ProofAlgorithm {
  const coordinate = base64url(String(Math.ceil((coordinateBytes * 4) / 3)));
  return {
    members: { crv: exactly(crv), kty: exactly('EC'), x: coordinate, y: coordinate },
    digest,
    options: { dsaEncoding: 'ieee-p1363' },
  };
}

// From 2048 bits (RFC 7518 §3.3) to 4096, with the exponent that everybody uses: what a verification costs is bounded.
const RSA_MEMBERS = { e: exactly('AQAB'), kty: exactly('RSA'), n: base64url('342,683') };

function rsa(digest: string): ProofAlgorithm {
  return { members: RSA_MEMBERS, digest, options: { padding: constants.RSA_PKCS1_PADDING } };
}

function rsaPss(digest: string): ProofAlgorithm {
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return { members: RSA_MEMBERS, digest, options: { padding, saltLength } };
}

const ED25519: ProofAlgorithm = {
  members: { crv: exactly('Ed25519'), kty: exactly('OKP'), x: base64url('43') },
  digest: null,
  options: {},
};

const BY_NAME: ReadonlyMap<unknown, ProofAlgorithm> = new Map([
  ['ES256', onCurve('P-256', 'sha256', 32)],
  ['EdDSA', ED25519],
  ['Ed25519', ED25519],
  ['PS256', rsaPss('sha256')],
  ['RS256', rsa('sha256')],
  ['ES384', onCurve('P-384', 'sha384', 48)],
  ['ES512', onCurve('P-521', 'sha512', 66)],
  ['PS384', rsaPss('sha384')],
  ['PS512', rsaPss('sha512')],
  ['RS384', rsa('sha384')],
  ['RS512', rsa('sha512')],
]);

/** Names of the signature algorithms that proofs may have: asymmetric ones only (RFC 9449 §11.6). */
export const PROOF_ALGORITHMS: readonly string[] = [...BY_NAME.keys()] as string[];

/** Null for every algorithm that is not taken, `none` and those of shared secrets among them. */
export function findAlgorithm(alg: unknown): ProofAlgorithm | null {
  return BY_NAME.get(alg) ?? null;
}
