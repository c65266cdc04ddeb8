import { readBackquotes, readDollar } from './expansion.ts';
import { placeholdersBetween, skipEscaped, spellReference, takePlaceholder, Unreadable } from './reading.ts';
import type { Range, Reading } from './reading.ts';

/** A here-document whose text begins on the next line. */
export interface HereDocument extends Range {
  readonly delimiter: string;
  /** Nothing in it is expanded. */
  readonly quoted: boolean;
  /** `<<-`: tabs at the beginning of its lines are not part of it. */
  readonly stripped: boolean;
  /** Where its text is noted. */
  readonly inputs: Range[];
}

/** Reads the word after `<<`, which is taken as it stands. */
export function readDelimiter(reading: Reading, stripped: boolean, inputs: Range[]): HereDocument {
  const start = reading.at;
  let delimiter = '';
  while (/[^ \t\n;&|<>()]/.test(reading.text[reading.at] ?? ' ')) {
    const sign = reading.text[reading.at] ?? '';
    if (reading.placeholders.has(reading.at) || sign === '$' || sign === '`')
      throw new Unreadable(reading.at, 'has a here-document whose end is not plain');
    if (sign === "'" || sign === '"') {
      const close = reading.text.indexOf(sign, reading.at + 1);
      if (close === -1) throw new Unreadable(reading.at, `has a ${sign} without its other one`);
      delimiter += reading.text.slice(reading.at + 1, close);
      reading.at = close + 1;
    } else if (sign === '\\') {
      delimiter += reading.text[reading.at + 1] ?? '';
      reading.at += 2;
    } else {
      delimiter += sign;
      reading.at += 1;
    }
  }
  const quoted = reading.text.slice(start, reading.at) !== delimiter;
  return { start, end: reading.at, delimiter, quoted, stripped, inputs };
}

/** Reads the text of a here-document, from the beginning of its first line to behind its last. */
export function readDocument(reading: Reading, document: HereDocument): void {
  const start = reading.at;
  const { end, next } = findEnd(reading, document);
  document.inputs.push({ start, end });
  if (!document.quoted) readText(reading, end);
  else if (placeholdersBetween(reading, start, end).length > 0) unquote(reading, document, end);
  reading.at = next;
}

function findEnd({ text, at }: Reading, { delimiter, stripped, start }: HereDocument): { end: number; next: number } {
  for (let line = at; line <= text.length;) {
    const stop = text.indexOf('\n', line);
    const end = stop === -1 ? text.length : stop;
    const content = text.slice(line, end);
    if ((stripped ? content.replace(/^\t+/, '') : content) === delimiter) return { end: line, next: end };
    line = end + 1;
  }
  throw new Unreadable(start, 'has a here-document without its end');
}

function readText(reading: Reading, end: number): void {
  while (reading.at < end) {
    const sign = reading.text[reading.at];
    if (takePlaceholder(reading, 'document')) continue;
    if (sign === '$') readDollar(reading, 'document');
    else if (sign === '`') readBackquotes(reading);
    else if (sign === '\\') skipEscaped(reading);
    else reading.at += 1;
  }
  if (reading.at > end) throw new Unreadable(end, 'has something in a here-document that does not end in it');
}

/** So that values can be in it, its text is expanded, and what would be expanded besides them is escaped. */
function unquote(reading: Reading, { start, end: stop, delimiter }: HereDocument, end: number): void {
  if (!/^\w+$/.test(delimiter))
    throw new Unreadable(start, 'has values in a quoted here-document; name its end in letters');
  reading.edits.push({ start, end: stop, text: delimiter });
  while (reading.at < end) {
    const place = reading.placeholders.get(reading.at);
    if (place !== undefined) {
      reading.edits.push({ start: place.start, end: place.end, text: spellReference(place.name, 'document') });
      reading.at = place.end;
      continue;
    }
    if (/[$`\\]/.test(reading.text[reading.at] ?? ''))
      reading.edits.push({ start: reading.at, end: reading.at, text: '\\' });
    reading.at += 1;
  }
}
