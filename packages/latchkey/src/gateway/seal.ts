import { createHmac, timingSafeEqual } from 'node:crypto';

const MAC_LENGTH = 32;

/** Texts of a server as `TEXT.MAC`: of use only to the owner they were given to. */
export interface Seal<Owner> {
  seal(owner: Owner, text: string): string;
  /** The text as the server gave it, or null when the sealed one was not made for this owner. */
  unseal(owner: Owner, sealed: string): string | null;
}

/**
 * `sealKey` is hex; any process with the same key can unseal. `toInput` gives what the MAC (128 bits of HMAC-SHA-256) is
 * over, which must be another for each other owner, text, and kind of text that is sealed by that key.
 */
export function createSeal<Owner>(sealKey: string, toInput: (owner: Owner, text: string) => string): Seal<Owner> {
  const key = Buffer.from(sealKey, 'hex');
  const seal = (owner: Owner, text: string): string =>
    `${text}.${createHmac('sha256', key).update(toInput(owner, text)).digest('hex').slice(0, MAC_LENGTH)}`;
  return {
    seal,
    unseal(owner, sealed) {
      const text = sealed.slice(0, -MAC_LENGTH - 1);
      const given = Buffer.from(sealed);
      const right = Buffer.from(seal(owner, text));
      return given.length === right.length && timingSafeEqual(given, right) ? text : null;
    },
  };
}
