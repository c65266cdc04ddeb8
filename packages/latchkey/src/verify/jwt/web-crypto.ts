import { bytesOf } from '../../core/bytes.ts';
import type { ImportedKey, JwtCrypto, KeyMembers } from './jwt-crypto.ts';

/** WebCrypto, as browsers and workers have it. */
export const webCrypto: JwtCrypto = {
  async digest(text) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(text)));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  },
  async importKey(members, algorithms) {
    try {
      const keys = await Promise.all(algorithms.map((alg) => importFor(alg, members)));
      return toImported(new Map(keys.map((key, at) => [algorithms[at] as string, key])));
    } catch {
      return null;
    }
  },
};

// Of another kind of key neither is there.
type RsaDetails = { readonly modulusLength?: number; readonly publicExponent: Uint8Array };

type Bytes = Uint8Array<ArrayBuffer>;
type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

// There a key is for one algorithm with one hash.
function importFor(alg: string, members: KeyMembers): Promise<Key> {
  const { name, hash } = toAlgorithm(alg);
  const form = name === 'ECDSA' ? { name, namedCurve: String(members['crv']) } : { name, hash };
  return crypto.subtle.importKey('jwk', members, form, false, ['verify']);
}

function toImported(keys: ReadonlyMap<string, Key>): ImportedKey {
  const [first] = keys.values();
  const { modulusLength, publicExponent } = (first as Key).algorithm as Key['algorithm'] & RsaDetails;
  return {
    rsa: modulusLength === undefined ? null : { modulusBits: modulusLength, exponent: toNumber(publicExponent) },
    verify: (alg, input, signature) =>
      crypto.subtle.verify(toAlgorithm(alg), keys.get(alg) as Key, signature as Bytes, input as Bytes),
  };
}

const NAMES = { RS: 'RSASSA-PKCS1-v1_5', PS: 'RSA-PSS', ES: 'ECDSA', Ed: 'Ed25519' };

function toAlgorithm(alg: string): { readonly name: string; readonly hash: string; readonly saltLength: number } {
  const bits = Number(alg.slice(2));
  // Each kind takes of these what it needs (RFC 7518 §3.5: the salt is as long as the hash).
  return { name: NAMES[alg.slice(0, 2) as keyof typeof NAMES], hash: `SHA-${bits}`, saltLength: bits / 8 };
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
