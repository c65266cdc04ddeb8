import { createECDH, createPrivateKey, hash, hkdfSync, type KeyObject } from 'node:crypto';

/** How long one key signs. Its public half is published for as long before and after. */
export const EPOCH_MS = 30 * 24 * 3600 * 1000;

export interface IdentityKey {
  /** Thumbprint (RFC 7638). */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: Readonly<Record<string, string>>;
}

/** The keys that sign who is asking; every gateway with the same secret has the same ones, and none is stored. */
export interface IdentityKeys {
  /** The key of that moment, epoch milliseconds. */
  keyAt(now: number): IdentityKey;
  /** JSON text of a key set (RFC 7517 §5) with the keys of this epoch, the one before and the next. */
  keySetAt(now: number): string;
}

// Order of the P-256 group (FIPS 186-5, SP 800-186 §3.2.1.3).
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** `secret` is 32 random bytes, hex. */
export function createIdentityKeys(secret: string): IdentityKeys {
  const known = new Map<number, IdentityKey>();
  const keyOf = (epoch: number): IdentityKey => {
    const key = known.get(epoch) ?? deriveKey(secret, epoch);
    for (const other of known.keys()) if (Math.abs(other - epoch) > 2) known.delete(other);
    known.set(epoch, key);
    return key;
  };
  return {
    keyAt: (now) => keyOf(epochOf(now)),
    keySetAt(now) {
      const epoch = epochOf(now);
      return JSON.stringify({ keys: [epoch - 1, epoch, epoch + 1].map((each) => keyOf(each).publicJwk) });
    },
  };
}

function epochOf(now: number): number {
  return Math.floor(now / EPOCH_MS);
}

function deriveKey(secret: string, epoch: number): IdentityKey {
  // 64 bits more than the order has, so that the remainder is as good as even (FIPS 186-5 §A.2.1).
  const info = `latchkey upstream identity ES256 ${epoch}`;
  const drawn = Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'hex'), '', info, 40)).toString('hex');
  const scalar = (BigInt(`0x${drawn}`) % (ORDER - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(d);
  const point = pair.getPublicKey();
  const shape = {
    crv: 'P-256',
    kty: 'EC',
    x: point.toString('base64url', 1, 33),
    y: point.toString('base64url', 33, 65),
  };
  const kid = hash('sha256', JSON.stringify(shape), 'base64url');
  return {
    kid,
    privateKey: createPrivateKey({ key: { ...shape, d: d.toString('base64url') }, format: 'jwk' }),
    publicJwk: { ...shape, kid, alg: 'ES256', use: 'sig' },
  };
}
