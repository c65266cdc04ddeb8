import { readBackquotes, readDollar, readDoubleQuotes } from './expansion.ts';
import { createCommand } from './frame.ts';
import { goDeeper, skipEscaped, refuseBetween, takePlaceholder, Unreadable } from './reading.ts';
import type { Reading, Word } from './reading.ts';
import { readSingleQuotes, type QuotedText } from './single-quotes.ts';

const BREAK = /[ \t\n;&|<>()]/;
/** Inside `[[ ]]` only blanks end a word. */
const TEST_BREAK = /[ \t\n]/;
const LIST_END = /^(?:$|[ \t\n;&|)]|[<>](?!\())/;
const ARRAY = /^[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=$/;

/** A word as far as it is read. */
interface Draft {
  text: string;
  /** Whether nothing has been expanded so far. */
  whole: boolean;
  plain: boolean;
}

/** Reads one word: what the shell takes for one argument before it expands anything. */
export function readWord(reading: Reading, inTest = false): Word {
  const start = reading.at;
  const draft: Draft = { text: '', whole: true, plain: true };
  while (reading.at < reading.text.length) {
    const sign = reading.text[reading.at] ?? '';
    if (takePlaceholder(reading, 'none')) draft.whole = false;
    else if ((inTest ? TEST_BREAK : BREAK).test(sign)) {
      if (inTest || !readGroup(reading, start, sign)) break;
      draft.whole = false;
    } else readPart(reading, draft, sign);
  }
  const { text, whole, plain } = draft;
  return { start, end: reading.at, literal: whole ? text : null, prefix: text, plain: plain && whole };
}

function readPart(reading: Reading, draft: Draft, sign: string): void {
  const { text, whole } = readText(reading, sign);
  if (sign !== text || !whole) draft.plain = false;
  if (draft.whole) draft.text += text;
  if (!whole) draft.whole = false;
}

function readText(reading: Reading, sign: string): QuotedText {
  const from = reading.at;
  if (sign === '"') return readDoubleQuotes(reading);
  if (sign === "'") return readSingleQuotes(reading);
  if (sign === '\\') {
    skipEscaped(reading);
    return { text: reading.text.slice(from + 1, reading.at).replace('\n', ''), whole: true };
  }
  if (sign === '$') readDollar(reading, 'none');
  else if (sign === '`') readBackquotes(reading);
  else reading.at += 1;
  return reading.at === from + 1 ? { text: sign, whole: true } : { text: '', whole: false };
}

/** Reads what stands in parentheses as part of a word: `<( )`, `NAME=( )`, `@(a|b)`. False when none does. */
function readGroup(reading: Reading, start: number, sign: string): boolean {
  const { text, at } = reading;
  if ((sign === '<' || sign === '>') && text[at + 1] === '(') {
    goDeeper(reading, at);
    reading.at += 2;
    if (sign === '>') readFed(reading);
    else reading.readNested(reading);
    reading.depth -= 1;
    return true;
  }
  if (sign === '(' && reading.dialect === 'zsh' && text.slice(start, at) === '=')
    throw new Unreadable(start, 'has a =( ); write <( )');
  if (sign !== '(' || at === start || /^[ \t]*\)/.test(text.slice(at + 1))) return false;
  if (ARRAY.test(text.slice(start, at))) readArray(reading);
  else readPattern(reading);
  return true;
}

/** `>( )` reads what others print: which commands those are depends on where the word is used. */
function readFed(reading: Reading): void {
  const { at, text, command } = reading;
  reading.command = createCommand(at, command, { inputs: [{ start: 0, end: text.length }] });
  reading.readNested(reading);
  reading.command = command;
}

function readArray(reading: Reading): void {
  const start = reading.at;
  reading.at += 1;
  for (;;) {
    skipBlanks(reading, true);
    if (reading.text[reading.at] === ')') break;
    goDeeper(reading, start);
    const before = reading.at;
    readWord(reading);
    noteIndex(reading, before);
    reading.depth -= 1;
    if (reading.at === before) throw new Unreadable(start, 'has a list that does not end');
  }
  reading.at += 1;
  // For bash what stands right behind belongs to the value; zsh and ksh run it as a command.
  if (!LIST_END.test(reading.text.slice(reading.at)))
    throw new Unreadable(reading.at, 'goes on right behind the ) of a list; put a blank or a ; there');
}

/** `([…]=value)`: what stands in the brackets is evaluated. */
function noteIndex({ text, at, arithmetic }: Reading, start: number): void {
  if (text[start] !== '[') return;
  const close = text.slice(start, at).lastIndexOf(']');
  if (close === -1) throw new Unreadable(start, 'has a [ without its ] in a list');
  arithmetic.push({ start: start + 1, end: start + close });
}

function readPattern(reading: Reading): void {
  const start = reading.at;
  const draft: Draft = { text: '', whole: false, plain: false };
  let depth = 0;
  do {
    const sign = reading.text[reading.at];
    if (sign === undefined) throw new Unreadable(start, 'has a ( without its )');
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    if (!takePlaceholder(reading, 'none')) readPart(reading, draft, sign);
  } while (depth > 0);
  refuseBetween(reading, start, reading.at, 'stands in a pattern in parentheses');
  // For zsh these may be qualifiers, which run what is in them.
  if (reading.dialect === 'zsh') reading.readTwice.push({ start, end: reading.at });
}

/** Passes over blanks and continued lines; with `lines` over ends of lines and comments too. */
export function skipBlanks(reading: Reading, lines = false): void {
  for (;;) {
    const sign = reading.text[reading.at];
    if (sign === ' ' || sign === '\t' || (lines && sign === '\n')) reading.at += 1;
    else if (sign === '\\' && reading.text[reading.at + 1] === '\n') reading.at += 2;
    else if (lines && sign === '#') skipComment(reading);
    else return;
  }
}

/** A value in a comment is dropped. */
export function skipComment(reading: Reading): void {
  const end = reading.text.indexOf('\n', reading.at);
  const stop = end === -1 ? reading.text.length : end;
  for (const place of reading.placeholders.values()) {
    if (place.start > reading.at && place.end <= stop) reading.edits.push({ ...place, text: '' });
  }
  reading.at = stop;
}
