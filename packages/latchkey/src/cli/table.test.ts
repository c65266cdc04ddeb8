import { describe, expect, it } from 'vitest';
import { formatTable } from './table.ts';

const lines = (rows: readonly (readonly string[])[], head: readonly string[] | null = null) =>
  formatTable(head, rows).split('\n').slice(0, -1);

describe('formatTable', () => {
  it('makes a column as wide as its widest cell', () => {
    expect(
      lines([
        ['a', 'x'],
        ['bbb', 'y'],
        ['', 'z'],
      ]),
    ).toEqual(['a    x', 'bbb  y', '     z']);
  });

  it.each([200, 500])('lets one name of %d characters lengthen its own line only, and shows all of it', (length) => {
    const long = 'n'.repeat(length);
    expect(
      lines([
        ['default', 'a', 'as pinned'],
        ['default', long, 'changed'],
        ['files', 'bcd', 'as pinned'],
      ]),
    ).toEqual(['default  a    as pinned', `default  ${long}  changed`, 'files    bcd  as pinned']);
  });

  it('stays a table where most of its cells are long', () => {
    const [one, other] = ['a'.repeat(60), 'b'.repeat(64)];
    expect(
      lines([
        [one, '1'],
        [other, '2'],
        [other, '3'],
        ['c', '4'],
      ]),
    ).toEqual([`${one}      1`, `${other}  2`, `${other}  3`, `c${' '.repeat(65)}4`]);
  });

  it('counts the columns of a terminal, not characters', () => {
    const cells = ['abcd', '漢字', '𠀀𠀁', '🦀🦀', 'e\u0301bcd', '\u202e'];
    const columns = [4, 4, 4, 4, 4, 6];
    const shown = lines(cells.map((cell) => [cell, '|']));
    for (const [index, line] of shown.entries())
      expect(line.slice(0, line.indexOf('|')).match(/ +$/)?.[0]).toHaveLength(6 - columns[index]! + 2);
    expect(shown.at(-1)).toBe(String.raw`\u202e  |`);
  });

  it('gives what would move the cursor or begin a line no such power', () => {
    expect(lines([['a\n\u001b[2Jb', 'x']])).toEqual([String.raw`a\u000a\u001b[2Jb  x`]);
  });
});
