import {
  constants,
  createHmac,
  generateKeyPairSync,
  randomUUID,
  sign,
  type KeyObject,
  type webcrypto,
} from 'node:crypto';

/** A key pair of an issuer; `publicJwk` is what its JWKS shows. */
export interface IssuerKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicJwk: webcrypto.JsonWebKey & { kid: string; alg: string; use: string };
}

/** What a token is signed with, whatever its header says: `secret` for HMAC, no key at all for alg `none`. */
export interface Signing {
  readonly alg: string;
  readonly privateKey?: KeyObject;
  readonly secret?: Uint8Array | string;
}

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** A new pair for a signature algorithm of RFC 7518 or 8037 (`EdDSA`, `Ed25519`); RSA has 2048 bits. */
export function createIssuerKey(alg: string): IssuerKey {
  const { privateKey, publicKey } = generatePair(alg);
  const kid = randomUUID();
  return {
    alg,
    kid,
    privateKey,
    publicKey,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
  };
}

function generatePair(alg: string): { privateKey: KeyObject; publicKey: KeyObject } {
  const namedCurve = curves[alg];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve });
  if (alg === 'EdDSA' || alg === 'Ed25519') return generateKeyPairSync('ed25519');
  if (/^[RP]S(256|384|512)$/.test(alg)) return generateKeyPairSync('rsa', { modulusLength: 2048 });
  throw new TypeError(`No key can be made for ${alg}`);
}

/** A JWS in compact form; header and claims given as text go in byte by byte, right JSON or not. */
export function signCompact(header: object | string, claims: object | string, signing: Signing): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signatureOf(Buffer.from(input), signing).toString('base64url')}`;
}

function encode(part: object | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

function signatureOf(input: Buffer, { alg, privateKey, secret }: Signing): Buffer {
  const digest = `sha${alg.slice(2)}`;
  if (secret !== undefined) return createHmac(digest, secret).update(input).digest();
  if (privateKey === undefined) return Buffer.alloc(0);
  if (alg.startsWith('Ed')) return sign(null, input, privateKey);
  if (alg.startsWith('ES')) return sign(digest, input, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('RS')) return sign(digest, input, privateKey);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return sign(digest, input, { key: privateKey, padding, saltLength });
}
