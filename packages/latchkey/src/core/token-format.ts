import type { Secret } from './secret.ts';

/**
 * The form of the credentials we issue: prefix, 43 base62 characters (256 bits), 6 base62 characters of the CRC-32 over
 * everything before them. The checksum tells a mistyped credential from an unknown one without asking the store.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const BODY_LENGTH = SECRET_LENGTH + CHECKSUM_LENGTH;
const HINT_LENGTH = 4;

/** A credential as it is when just made. */
export interface MintedCredential {
  /** To be shown once and never kept. */
  readonly secret: Secret;
  /** Hex SHA-256 of the secret: all that the store keeps. */
  readonly hash: string;
  readonly hint: string;
}

const EIGHT_DIGITS = 62n ** 8n;
const DIGITS = createDigits();
const CRC_TABLE = createCrcTable();

/** Writes 32 random bytes as a credential with that prefix. Throws TypeError for any other number of bytes. */
export function encodeCredential(prefix: string, bytes: Uint8Array): string {
  if (bytes.length !== 32) throw new TypeError('a credential is made of 32 bytes');
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let value = 0n;
  for (let at = 0; at < bytes.length; at += 8) value = (value << 64n) | words.getBigUint64(at);
  const unsummed = prefix + toBase62(value, SECRET_LENGTH);
  return unsummed + toBase62(BigInt(crc32(unsummed, unsummed.length)), CHECKSUM_LENGTH);
}

/** The prefix the text begins with, whatever follows; null when the text is no credential of ours. */
export function findPrefix(text: string, prefixes: readonly string[]): string | null {
  for (const prefix of prefixes) if (text.startsWith(prefix)) return prefix;
  return null;
}

/** Checks length, alphabet and checksum, in that order of cost. Null means the credential cannot be one we issued. */
export function parseCredential(text: string, prefixes: readonly string[]): { readonly prefix: string } | null {
  for (const prefix of prefixes) {
    if (text.length === prefix.length + BODY_LENGTH && text.startsWith(prefix) && sums(text, prefix.length)) {
      return { prefix };
    }
  }
  return null;
}

/** What people are shown of a credential, so that they can tell two apart: its prefix and 4 characters more. */
export function hintOf(text: string): string {
  return text.slice(0, Math.max(0, text.length - BODY_LENGTH) + HINT_LENGTH);
}

/** The prefix of the credential that a hint is of: a successor keeps it. */
export function prefixOfHint(hint: string): string {
  return hint.slice(0, -HINT_LENGTH);
}

function sums(text: string, prefixLength: number): boolean {
  const checksumAt = text.length - CHECKSUM_LENGTH;
  for (let at = prefixLength; at < checksumAt; at++) if (digitAt(text, at) < 0) return false;
  let checksum = 0;
  for (let at = checksumAt; at < text.length; at++) {
    const digit = digitAt(text, at);
    if (digit < 0) return false;
    checksum = checksum * 62 + digit;
  }
  return checksum === crc32(text, checksumAt);
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? DIGITS[code]! : -1;
}

/** Eight digits at a time, the most that a number holds exactly: dividing big integers is what takes long. */
function toBase62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= EIGHT_DIGITS) {
    let digits = Number(rest % EIGHT_DIGITS);
    for (let at = 0; at < 8; at++) {
      text = ALPHABET[digits % 62]! + text;
      digits = Math.floor(digits / 62);
    }
  }
  return text.slice(-length);
}

/** CRC-32 (ISO 3309) of the first `length` characters' low bytes; prefixes are ASCII. */
function crc32(text: string, length: number): number {
  let crc = -1;
  for (let at = 0; at < length; at++) crc = CRC_TABLE[(crc ^ text.charCodeAt(at)) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function createDigits(): Int8Array {
  const digits = new Int8Array(128).fill(-1);
  for (let value = 0; value < 62; value++) digits[ALPHABET.charCodeAt(value)] = value;
  return digits;
}

function createCrcTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
}
