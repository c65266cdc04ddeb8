import { describe, expect, it } from 'vitest';
import { toShellWord } from './shell-word.ts';

describe('toShellWord', () => {
  it.each([
    ['/etc/latchkey.yaml', '/etc/latchkey.yaml'],
    ['http://127.0.0.1:8787/mcp', 'http://127.0.0.1:8787/mcp'],
    ['http://[::1]:8787/mcp', "'http://[::1]:8787/mcp'"],
    ['http://x/a&b', "'http://x/a&b'"],
    ['', "''"],
    ['a b', "'a b'"],
    ['$(id)', "'$(id)'"],
    ["it's", String.raw`'it'\''s'`],
  ])('writes %j as one word', (text, word) => {
    expect(toShellWord(text)).toBe(word);
  });
});
