import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCredential } from '../core/token-format.ts';
import { digestOf, mintCredential } from './mint.ts';

describe('mintCredential', () => {
  it('makes a well-formed credential, its digest and a hint of it', () => {
    const { secret, hash, hint } = mintCredential('lkk_');
    expect(parseCredential(secret.reveal(), ['lk_', 'lkk_'])).toEqual({ prefix: 'lkk_' });
    expect(hash).toBe(createHash('sha256').update(secret.reveal()).digest('hex'));
    expect(hint).toBe(secret.reveal().slice(0, 8));
  });

  it('never makes the same one twice', () => {
    const made = Array.from({ length: 500 }, () => mintCredential('lk_').secret.reveal());
    expect(new Set(made).size).toBe(500);
    // 43 characters of which none repeats what another credential has in that place.
    for (let at = 4; at < 46; at++) expect(new Set(made.map((text) => text[at])).size).toBeGreaterThan(30);
  });
});

describe('digestOf', () => {
  it('is the SHA-256 of the text in UTF-8, in hex', () => {
    expect(digestOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digestOf('é')).toBe(createHash('sha256').update(Buffer.from('é', 'utf8')).digest('hex'));
  });
});
