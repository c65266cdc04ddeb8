import { hash, randomBytes } from 'node:crypto';
import { Secret } from '../core/secret.ts';
import { encodeCredential, hintOf } from '../core/token-format.ts';

export interface MintedCredential {
  /** To be shown once and never kept. */
  readonly secret: Secret;
  /** Hex SHA-256 of the secret: all that the store keeps. */
  readonly hash: string;
  readonly hint: string;
}

/** Makes a credential of 256 bits from the system's generator. */
export function mintCredential(prefix: string): MintedCredential {
  const text = encodeCredential(prefix, randomBytes(32));
  return { secret: new Secret(text), hash: digestOf(text), hint: hintOf(text) };
}

/** Hex SHA-256 of a presented credential: the key by which it is looked up. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}
