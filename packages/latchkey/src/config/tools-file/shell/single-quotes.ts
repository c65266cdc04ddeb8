import { placeholdersBetween, refuseBetween, takePlaceholder, Unreadable } from './reading.ts';
import type { Reading } from './reading.ts';

/** What a quoted part of a word comes to: `text` is what it begins with, `whole` whether that is all of it. */
export interface QuotedText {
  readonly text: string;
  readonly whole: boolean;
}

/** Reads `$'…'`, in which no value can be. */
export function readAnsiQuotes(reading: Reading): void {
  const start = reading.at;
  const end = findClosing(reading, "'", start + 2);
  const differs = reading.dialect === 'sh' || reading.dialect === 'dash';
  if (differs && reading.text.slice(start, end).includes("\\'"))
    throw new Unreadable(start, "has a $'…' with \\' in it, which not every sh reads alike");
  refuseBetween(reading, start, end, "stands inside $'…', where no value can be; end the quotes before it");
  reading.at = end + 1;
}

/** Where that quote ends, past what is escaped. */
export function findClosing({ text }: Reading, quote: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  throw new Unreadable(from - 1, `has a ${quote} without its other one`);
}

/** Reads text in single quotes; values in it are put outside of them. */
export function readSingleQuotes(reading: Reading): QuotedText {
  const start = reading.at;
  const end = reading.text.indexOf("'", start + 1);
  if (end === -1) throw new Unreadable(start, "has a ' without its other one");
  const places = placeholdersBetween(reading, start, end);
  for (const { start: place } of places) {
    reading.at = place;
    takePlaceholder(reading, 'single');
  }
  reading.at = end + 1;
  return { text: reading.text.slice(start + 1, places[0]?.start ?? end), whole: places.length === 0 };
}
