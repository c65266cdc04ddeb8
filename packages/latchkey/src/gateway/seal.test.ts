import { describe, expect, it } from 'vitest';
import { createSeal } from './seal.ts';

const KEY = 'ab'.repeat(32);
const toInput = (owner: string, text: string): string => JSON.stringify([owner, text]);
const seal = createSeal(KEY, toInput);

describe('createSeal', () => {
  it('gives a text back to its owner, whatever is in it, in any process with the key', () => {
    for (const text of ['page-2', '', '.', 'a.b', 'é\u0000"', 'x'.repeat(5000)]) {
      const sealed = seal.seal('alice', text);
      expect(sealed).toMatch(/\.[0-9a-f]{32}$/);
      expect(createSeal(KEY, toInput).unseal('alice', sealed)).toBe(text);
    }
  });

  it('gives nothing to another owner, by another key, or for another input', () => {
    const sealed = seal.seal('alice', 'page-2');
    expect(seal.unseal('bob', sealed)).toBeNull();
    expect(createSeal('cd'.repeat(32), toInput).unseal('alice', sealed)).toBeNull();
    expect(createSeal(KEY, toInput.bind(null, 'another kind')).unseal('alice', sealed)).toBeNull();
  });

  it('gives nothing for one that was made up or changed', () => {
    const sealed = seal.seal('alice', 'page-2');
    const wrong = ['', '.', 'page-2', `page-2.${'0'.repeat(32)}`, `${sealed} `, sealed.slice(1), sealed.slice(0, -1)];
    for (const each of [...wrong, sealed.toUpperCase(), sealed.replace('.', ',')])
      expect(seal.unseal('alice', each)).toBeNull();
  });
});
