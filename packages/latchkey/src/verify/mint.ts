import { hash, randomBytes } from 'node:crypto';
import { Secret } from '../core/secret.ts';
import { encodeCredential, hintOf, type MintedCredential } from '../core/token-format.ts';

/** Makes a credential of 256 bits from the system's generator. */
export function mintCredential(prefix: string): MintedCredential {
  const text = encodeCredential(prefix, randomBytes(32));
  return { secret: new Secret(text), hash: digestOf(text), hint: hintOf(text) };
}

/** Hex SHA-256 of a presented credential: the key by which it is looked up. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}
