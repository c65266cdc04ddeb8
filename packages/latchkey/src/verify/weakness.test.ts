import { describe, expect, it } from 'vitest';
import { findWeakness } from './weakness.ts';

describe('findWeakness', () => {
  it('says of each weak text in what way it is weak', () => {
    expect(findWeakness('')).toBe('is empty');
    for (const text of ['8Gk2pQx9ZvL4tYwRq1X é', '8Gk2pQx9ZvL4tYwRq1X\u007f', '\u00208Gk2pQx9ZvL4tYwRq1Xz', 'a b'])
      expect([text, findWeakness(text)]).toEqual([text, 'has characters other than visible ASCII']);
    expect(findWeakness('8Gk2pQx9ZvL4tYwRq1X')).toBe('is shorter than 20 characters');
    expect(findWeakness('ab1ab2ab1ab2ba12ab1a')).toBe('uses too few different characters');
    expect(findWeakness('changeme-changeme-changeme')).toBe('is a placeholder, an example or too easy to guess');
  });

  it('takes 20 characters, six different ones, and every visible character', () => {
    expect(findWeakness('8Gk2pQx9ZvL4tYwRq1Xz')).toBeNull();
    expect(findWeakness('!8Gk2pQx9ZvL4tYwRq1X~')).toBeNull();
    expect(findWeakness('k7z2w2k2z7z7w2k7w7z2kz')).toBe('uses too few different characters');
    expect(findWeakness('k7z2w2k2z7z7w2k7w7z2kq')).toBeNull();
  });

  // Twelve random characters alone are strong enough; beside words of examples nothing else should be needed.
  it.each([
    ['words', 'supersecretstatictokenforyourserver'],
    ['words of every length', 'secure-random-azerty-static-key'],
    ['words between dashes', 'my-very-secret-admin-api-token-here'],
    ['words in capitals', 'YOUR_PRODUCTION_CLIENT_SECRET_HERE'],
    ['a run of letters', 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ'],
    ['a run backwards', 'zyxwvutsrqponmlkjihgfedcba9876543210'],
    ['a short text again and again', 'k7Zq2wk7Zq2wk7Zq2wk7Zq2wk7Zq2wk7Zq2w'],
    ['the same, cut short', 'k7Zq2wk7Zq2wk7Zq2wk7Zq2wk7Z'],
    ['a text twice', 'k7Zq2w9k7Zq2w9k7Zq2w9k7Zq2w9'],
    ['rows of keys', 'qwertyuiopasdfghjklzxcvbnmqwerty'],
    ['one character many times', 'aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffff'],
  ])('is not taken in by length: %s', (_what, text) => {
    expect(findWeakness(text)).toBe('is a placeholder, an example or too easy to guess');
  });

  it('holds nothing against a word in a text that is strong without it', () => {
    for (const text of [
      'token-8Gk2pQx9ZvL4',
      'sk-live-8Gk2pQx9ZvL4tYwRq1Xz',
      'abcd8Gk2pQx9ZvL41234',
      'acegikmoqsuwybdfhjln',
      'aaaaaa8Gk2pQx9ZvL4tY',
    ]) {
      const filled = text.padEnd(20, 'R7');
      expect([filled, findWeakness(filled)]).toEqual([filled, null]);
    }
  });
});
