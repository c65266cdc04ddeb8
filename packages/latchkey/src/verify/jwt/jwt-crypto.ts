import type { Soon } from '../../core/soon.ts';

/** The members of a JWK that make the public key itself, and no others. */
export type KeyMembers = Readonly<Record<string, unknown>>;

/** A public key as a platform holds it. */
export interface ImportedKey<Answer extends Soon<boolean> = Soon<boolean>> {
  /** Null for a key that is not RSA. */
  readonly rsa: { readonly modulusBits: number; readonly exponent: bigint } | null;
  /**
   * Whether the signature over the input is this key's, made with this algorithm (RFC 7518 §3, RFC 8037 §3.1). Asked only
   * about algorithms that it was imported for, and signatures of the right length.
   */
  verify(alg: string, input: Uint8Array, signature: Uint8Array): Answer;
}

/** What a platform knows of cryptography: node:crypto at once, WebCrypto by promises. It decides nothing. */
export interface JwtCrypto {
  /** Hex SHA-256 of a text in UTF-8. */
  readonly digest: (text: string) => Soon<string>;
  /** The key of these members for these algorithms, which are all of its kind; null when they make no key. */
  readonly importKey: (members: KeyMembers, algorithms: readonly string[]) => Soon<ImportedKey | null>;
}
