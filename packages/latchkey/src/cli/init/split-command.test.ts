import { describe, expect, it } from 'vitest';
import { splitCommand } from './split-command.ts';

describe('splitCommand', () => {
  it('reads words as a shell does, and expands nothing', () => {
    expect(splitCommand(`npx -y 'a b' "c \\"d\\" $HOME" e\\ f g'h'"i" ''`)).toEqual([
      'npx',
      '-y',
      'a b',
      'c "d" $HOME',
      'e f',
      'ghi',
      '',
    ]);
    expect(splitCommand('  node   server.js ')).toEqual(['node', 'server.js']);
  });

  it('refuses open quotes and nothing', () => {
    expect(["'a", '"a', 'a\\', '', '  ', "''"].map(splitCommand)).toEqual(Array(6).fill(null));
  });
});
