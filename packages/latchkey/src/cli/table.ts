import { styleText } from 'node:util';
import { toPlainText } from '../core/plain-text.ts';

/** A wider cell lengthens its own line alone, unless most of its column are as wide. */
const WIDEST = 40;

/**
 * Columns side by side, a line for each row, nothing cut off: what is shown can be copied. The head, if any, is dim where
 * standard output is a terminal.
 */
export function formatTable(head: readonly string[] | null, rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(toPlainText));
  const all = head === null ? cells : [head, ...cells];
  const widths = (all[0] ?? []).map((_, column) => fitColumn(all.map((row) => widthOf(row[column] ?? ''))));
  const toLine = (row: readonly string[]) =>
    row
      .map((cell, column) => padCell(cell, widths[column]!))
      .join('  ')
      .trimEnd();
  const title = head === null ? [] : [styleText('dim', toLine(head), { stream: process.stdout })];
  return [...title, ...cells.map(toLine)].map((line) => `${line}\n`).join('');
}

function fitColumn(widths: readonly number[]): number {
  const sorted = widths.toSorted((one, other) => one - other);
  const bound = Math.max(WIDEST, sorted[sorted.length >> 1] ?? 0);
  return sorted.findLast((width) => width <= bound) ?? 0;
}

/** To so many columns of a terminal; a wider one stays as it is. */
export function padCell(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns of a terminal: two for East Asian characters and emoji, none for combining marks. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text.normalize('NFC')) {
    if (!/\p{Mn}/u.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
