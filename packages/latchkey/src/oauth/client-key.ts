import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { LatchkeyError } from '../core/error.ts';

/** A private key of this gateway's own, and what a JWT that it signs says of it. */
export interface ClientKey {
  readonly key: KeyObject;
  /** JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1). */
  readonly alg: string;
  readonly kid: string | null;
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
const RSA = /^[RP]S(?:256|384|512)$/;
const SHORTEST_RSA = 2048;

/**
 * Reads a private key in PEM (PKCS#8, PKCS#1 or SEC 1) or as a JWK. A JWK may name its `kid` and, as far as the key can
 * do it, its `alg`. Throws a LatchkeyError that says what is wrong with it, and nothing of what it is.
 */
export function parseClientKey(client: string, text: string): ClientKey {
  const jwk = parseJwk(text);
  const key = importKey(client, text, jwk);
  const alg = findAlgorithm(key, typeof jwk?.['alg'] === 'string' ? jwk['alg'] : null);
  if (alg === null) throw unusable(client, 'its kind cannot sign, or not with the alg that it names');
  return { key, alg, kid: typeof jwk?.['kid'] === 'string' ? jwk['kid'] : null };
}

function parseJwk(text: string): JsonWebKey | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(text) as JsonWebKey;
  } catch {
    return {};
  }
}

function importKey(client: string, text: string, jwk: JsonWebKey | null): KeyObject {
  try {
    return createPrivateKey(jwk === null ? text : { key: jwk, format: 'jwk' });
  } catch {
    // What Node says may quote the key.
    throw unusable(client, 'it is no private key in PEM (without a passphrase) and none as a JWK');
  }
}

/** What the key signs with; `named` where it can, and otherwise what most issuers take. */
function findAlgorithm(
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
  named: string | null,
): string | null {
  if (type === 'ec') return only(CURVES[details?.namedCurve ?? ''] ?? null, named);
  if (type === 'ed25519') return named === 'Ed25519' ? named : only('EdDSA', named);
  if (type !== 'rsa' || (details?.modulusLength ?? 0) < SHORTEST_RSA) return null;
  return named === null ? 'RS256' : RSA.test(named) ? named : null;
}

function only(alg: string | null, named: string | null): string | null {
  return named === null || named === alg ? alg : null;
}

function unusable(client: string, why: string): LatchkeyError {
  return new LatchkeyError('E_CONFIG_INVALID', `the private key of the client ${client} cannot be used: ${why}`, {
    hint: 'give client.secret of the issuer an EC P-256, RSA (2048 bits or more) or Ed25519 private key',
  });
}
