import { describe, expect, it } from 'vitest';
import { toShellWord } from './shell-word.ts';

describe('toShellWord', () => {
  it.each([
    ['/etc/latchkey.yaml', '/etc/latchkey.yaml'],
    ['', "''"],
    ['a b', "'a b'"],
    ['$(id)', "'$(id)'"],
    ["it's", String.raw`'it'\''s'`],
  ])('writes %j as one word', (text, word) => {
    expect(toShellWord(text)).toBe(word);
  });
});
