import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCredential, findPrefix, hintOf, parseCredential, prefixOfHint } from './token-format.ts';

const PREFIXES = ['lk_', 'lkk_'];
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const summed = (text: string): string => {
  let sum = crc32(Buffer.from(text, 'latin1'));
  let digits = '';
  for (let place = 0; place < 6; place += 1, sum = Math.floor(sum / 62)) digits = BASE62[sum % 62] + digits;
  return text + digits;
};

describe('encodeCredential', () => {
  it('writes prefix, 43 characters and the CRC-32 that zlib computes', () => {
    const text = encodeCredential('lk_', randomBytes(32));
    expect(text).toMatch(/^lk_[0-9A-Za-z]{49}$/);
    const sum = text
      .slice(-6)
      .split('')
      .reduce((value, digit) => value * 62 + BASE62.indexOf(digit), 0);
    expect(sum).toBe(crc32(text.slice(0, -6)));
  });

  it('keeps the width at both ends of the range and tells every value apart', () => {
    const zero = encodeCredential('lk_', new Uint8Array(32));
    const one = encodeCredential('lk_', new Uint8Array(32).fill(1, 31));
    const most = encodeCredential('lk_', new Uint8Array(32).fill(255));
    expect(new Set([zero.length, one.length, most.length])).toEqual(new Set([52]));
    expect(new Set([zero, one, most]).size).toBe(3);
  });

  it('writes the bytes as one number, most significant first', () => {
    const bytes = randomBytes(32);
    const value = encodeCredential('lk_', bytes)
      .slice(3, -6)
      .split('')
      .reduce((sum, digit) => sum * 62n + BigInt(BASE62.indexOf(digit)), 0n);
    expect(value).toBe(BigInt(`0x${bytes.toString('hex')}`));
    expect(encodeCredential('lk_', new Uint8Array(32).fill(61, 31))).toMatch(new RegExp(`^lk_0{42}z.{6}$`));
  });

  it('refuses any other number of bytes', () => {
    for (const length of [0, 31, 33])
      expect(() => encodeCredential('lk_', new Uint8Array(length))).toThrow(
        expect.objectContaining({ name: 'TypeError', message: expect.stringContaining('32 bytes') }),
      );
  });
});

describe('parseCredential', () => {
  it('takes back what was encoded, with its prefix', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constantFrom(...PREFIXES), (bytes, prefix) => {
        expect(parseCredential(encodeCredential(prefix, bytes), PREFIXES)).toEqual({ prefix });
      }),
    );
  });

  it('refuses every change of one character, and any other length', () => {
    const text = encodeCredential('lk_', randomBytes(32));
    for (let at = 3; at < text.length; at++) {
      for (const other of ['0', 'Z', '-', 'é', '\u0130']) {
        if (text[at] === other) continue;
        expect(parseCredential(text.slice(0, at) + other + text.slice(at + 1), PREFIXES)).toBeNull();
      }
    }
    for (const wrong of [text.slice(0, -1), `${text}0`, text.slice(3), ` ${text}`, '', 'lk_', text.toUpperCase()]) {
      expect(parseCredential(wrong, PREFIXES)).toBeNull();
    }
  });

  it('refuses another length, prefix or alphabet even where the checksum is right', () => {
    const body = 'k'.repeat(43);
    expect(parseCredential(summed(`lk_${body}`), PREFIXES)).toEqual({ prefix: 'lk_' });
    for (const text of ['', `lk_${body}k`, `lk_${body.slice(1)}`, `lx_${body}`, `xlk_${body}`, `LK_${body}`, body])
      expect([text, parseCredential(summed(text), PREFIXES)]).toEqual([text, null]);
    for (const other of ['-', '_', '/', ':', '@', '[', '`', '{', ' ', '\u0000', '\u007f', '\u0080', '\u00e9'])
      for (const at of [0, 20, 42]) {
        const wrong = body.slice(0, at) + other + body.slice(at + 1);
        expect([wrong, parseCredential(summed(`lk_${wrong}`), PREFIXES)]).toEqual([wrong, null]);
      }
  });

  it('takes one spelling of a checksum only', () => {
    // A character that counted as -1 would let the digits `0z` be written as `1-`.
    const text = Array.from({ length: 2000 }, () => encodeCredential('lk_', randomBytes(32))).find((each) =>
      /[0-8A-Ya-y]z$/.test(each),
    ) as string;
    const next = BASE62[BASE62.indexOf(text.at(-2) as string) + 1];
    expect(parseCredential(text, PREFIXES)).not.toBeNull();
    expect(parseCredential(`${text.slice(0, -2)}${next}-`, PREFIXES)).toBeNull();
  });

  it('refuses two characters that changed places', () => {
    const text = encodeCredential('lk_', randomBytes(32));
    const at = [...text].findIndex((digit, index) => index >= 3 && index < 40 && digit !== text[index + 1]);
    const swapped = text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2);
    expect(parseCredential(swapped, PREFIXES)).toBeNull();
  });
});

describe('findPrefix, hintOf and prefixOfHint', () => {
  it('know our credentials by their beginning and show no more than 4 secret characters', () => {
    const text = encodeCredential('lkk_', randomBytes(32));
    expect(findPrefix(text, PREFIXES)).toBe('lkk_');
    expect(findPrefix('sk-other', PREFIXES)).toBeNull();
    expect(hintOf(text)).toBe(text.slice(0, 8));
    expect([prefixOfHint(hintOf(text)), prefixOfHint('lk_Ab12')]).toEqual(['lkk_', 'lk_']);
  });

  it('find a prefix only at the beginning, whatever follows it', () => {
    expect([findPrefix('lk_', PREFIXES), findPrefix('lk_x', PREFIXES)]).toEqual(['lk_', 'lk_']);
    expect([findPrefix('x lk_', PREFIXES), findPrefix('LK_x', PREFIXES), findPrefix('', PREFIXES)]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('show 4 characters of a text that is too short to be a credential', () => {
    expect(hintOf('short-text')).toBe('shor');
    expect(hintOf('')).toBe('');
  });
});
