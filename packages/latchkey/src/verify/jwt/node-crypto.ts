import { constants, createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { digestOf } from '../mint.ts';
import type { ImportedKey, JwtCrypto, KeyMembers } from './jwt-crypto.ts';

// Of another kind of key neither is there.
type RsaDetails = { readonly modulusLength?: number; readonly publicExponent: bigint };

/** node:crypto, which answers without a promise. */
export const nodeCrypto = {
  digest: digestOf,
  importKey(members: KeyMembers): ImportedKey<boolean> | null {
    const key = toKey(members);
    if (key === null) return null;
    const { modulusLength, publicExponent } = key.asymmetricKeyDetails as RsaDetails;
    return {
      rsa: modulusLength === undefined ? null : { modulusBits: modulusLength, exponent: publicExponent },
      verify: (alg, input, signature) =>
        verify(alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`, input, toVerifying(key, alg), signature),
    };
  },
} satisfies JwtCrypto;

function toKey(members: KeyMembers): KeyObject | null {
  try {
    return createPublicKey({ key: members as JsonWebKey, format: 'jwk' });
  } catch {
    return null;
  }
}

function toVerifying(key: KeyObject, alg: string): Parameters<typeof verify>[2] {
  if (alg.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' };
  if (!alg.startsWith('PS')) return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
