import { goDeeper, refuseBetween, skipEscaped, takePlaceholder, Unreadable } from './reading.ts';
import type { Quoting, Reading } from './reading.ts';
import { findClosing, readAnsiQuotes, readSingleQuotes, type QuotedText } from './single-quotes.ts';

const NAME = /[A-Za-z_]\w*|[\d@*]/y;
const BRACED = /[#!]?(?:[A-Za-z_]\w*|\d+|[@*#?$!-])/y;
const GUARD = /:?[-=+?]/y;
const PATTERN = /##?|%%?/y;
const USED = /\$\{?[!#=~^]?([A-Za-z_]\w*|[\d@*])/g;

/** Reads what begins with `$`, in any quotes but single ones. */
export function readDollar(reading: Reading, quoting: Quoting): void {
  goDeeper(reading, reading.at);
  readExpansion(reading, quoting);
  reading.depth -= 1;
}

function readExpansion(reading: Reading, quoting: Quoting): void {
  const { text, at } = reading;
  const next = text[at + 1];
  if (reading.placeholders.has(at + 1)) {
    reading.refusals.push({ offset: at + 1, message: 'stands right after a $; write \\$ if the sign is meant' });
    reading.at = reading.placeholders.get(at + 1)!.end;
  } else if (next === '(') readParenthesis(reading, quoting);
  else if (next === '{') readBraces(reading, quoting);
  else if (next === '[' && reading.dialect !== 'dash') readOldArithmetic(reading);
  else if (next === "'" && quoting === 'none') readAnsiQuotes(reading);
  else readName(reading, quoting);
}

function readName(reading: Reading, quoting: Quoting): void {
  const start = reading.at;
  if (reading.dialect === 'zsh' && /[=~^+]/.test(reading.text[start + 1] ?? ''))
    throw new Unreadable(start, 'has a $ with a flag of zsh');
  NAME.lastIndex = start + 1;
  const name = NAME.exec(reading.text)?.[0];
  reading.at += 1 + (name?.length ?? 0);
  if (name === undefined) return;
  reading.uses.push({ name, start, end: reading.at, braced: false, guarded: false, split: quoting === 'none' });
  if (reading.dialect !== 'zsh' || reading.text[reading.at] !== '[') return;
  const close = reading.text.indexOf(']', reading.at);
  refuseBetween(reading, reading.at, close, 'stands in a subscript, which zsh evaluates');
  if (close !== -1) reading.arithmetic.push({ start: reading.at + 1, end: close });
}

function readParenthesis(reading: Reading, quoting: Quoting): void {
  const start = reading.at;
  reading.at += 2;
  if (reading.text[reading.at] === '(' && readArithmetic(reading, start + 3)) return;
  reading.at = start + 2;
  reading.readNested(reading);
  reading.substitutions.push({ start, end: reading.at, split: quoting === 'none' });
}

/** Reads an expression up to its `))`; false, with nothing noted, when it turns out to be none. */
export function readArithmetic(reading: Reading, start: number): boolean {
  const { edits, uses, refusals, commands, arithmetic, readTwice, substitutions } = reading;
  const lists = [edits, uses, refusals, commands, arithmetic, readTwice, substitutions];
  const before = lists.map((list) => list.length);
  reading.at = start;
  for (let depth = 0; reading.at < reading.text.length;) {
    const sign = reading.text[reading.at];
    if (takePlaceholder(reading, 'double')) continue;
    if (sign === ')' && depth === 0) {
      if (reading.text[reading.at + 1] !== ')') break;
      arithmetic.push({ start, end: reading.at });
      reading.at += 2;
      return true;
    }
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    readSign(reading, sign);
  }
  lists.forEach((list, index) => {
    list.length = before[index] ?? 0;
  });
  return false;
}

function readSign(reading: Reading, sign: string | undefined): void {
  if (sign === '$') readDollar(reading, 'double');
  else if (sign === '`') readBackquotes(reading);
  else if (sign === '\\') skipEscaped(reading);
  else reading.at += 1;
}

function readOldArithmetic(reading: Reading): void {
  const start = reading.at + 2;
  reading.at = start;
  for (let depth = 0; reading.at < reading.text.length;) {
    const sign = reading.text[reading.at];
    if (takePlaceholder(reading, 'double')) continue;
    if (sign === ']' && depth === 0) {
      reading.arithmetic.push({ start, end: reading.at });
      reading.at += 1;
      return;
    }
    if (sign === '[') depth += 1;
    if (sign === ']') depth -= 1;
    readSign(reading, sign);
  }
  throw new Unreadable(start - 2, 'has a $[ without its ]');
}

export function readBackquotes(reading: Reading): void {
  const start = reading.at;
  const end = findClosing(reading, '`', start + 1);
  refuseBetween(reading, start, end, 'stands inside back-quotes, which shells read twice; write $( ) instead');
  for (const found of reading.text.slice(start, end).matchAll(USED)) {
    const at = start + found.index;
    const [written, name = ''] = found;
    reading.uses.push({ name, start: at, end: at + written.length, braced: false, guarded: true, split: true });
  }
  reading.readTwice.push({ start, end });
  reading.at = end + 1;
}

/** Reads `${…}`: what follows the operator may hold anything a word may. */
function readBraces(reading: Reading, quoting: Quoting): void {
  const start = reading.at;
  reading.at += 2;
  const flags = reading.text[reading.at] === '(' ? readFlags(reading) : '';
  BRACED.lastIndex = reading.at;
  const name = BRACED.exec(reading.text)?.[0];
  if (name === undefined) {
    throw new Unreadable(
      start,
      reading.text[reading.at] === '{' ? 'has a ${ before a value' : 'has a ${ without a name',
    );
  }
  // `${#}` is a variable, `${#x}` a length: either way nothing of it is text.
  reading.at += name.length;
  const subscript = reading.at;
  if (reading.text[subscript] === '[') readSubscript(reading);
  const reads = /^!\w/.test(name) || /[eP%lr]/.test(flags) || reading.text.startsWith('@P', reading.at);
  const kind = readOperator(reading);
  readBracedWord(reading, start, kind, quoting);
  // The value is a name with perhaps a subscript, or is expanded as the text of a script is.
  if (reads) reading.arithmetic.push({ start, end: reading.at });
  const bare = name.replace(/^[#!](?=.)/, '');
  if (/^[\w@*]/.test(bare)) {
    const guarded = kind === 'word';
    reading.uses.push({
      name: bare,
      start,
      end: reading.at,
      braced: true,
      guarded,
      split: quoting === 'none' && name[0] !== '#',
    });
  }
}

function readFlags(reading: Reading): string {
  const end = reading.text.indexOf(')', reading.at);
  if (reading.dialect !== 'zsh' || end === -1) throw new Unreadable(reading.at, 'has flags in a ${ }');
  refuseBetween(reading, reading.at, end, 'stands among the flags of a ${ }');
  const flags = reading.text.slice(reading.at, end);
  reading.at = end + 1;
  return flags;
}

function readSubscript(reading: Reading): void {
  const start = reading.at + 1;
  reading.at = start;
  while (reading.text[reading.at] !== ']') {
    if (reading.at >= reading.text.length) throw new Unreadable(start, 'has a [ without its ]');
    if (!takePlaceholder(reading, 'double')) readSign(reading, reading.text[reading.at]);
  }
  reading.arithmetic.push({ start, end: reading.at });
  reading.at += 1;
}

type Operator = 'word' | 'pattern' | 'other';

function readOperator(reading: Reading): Operator {
  for (const [operator, kind] of [
    [GUARD, 'word'],
    [PATTERN, 'pattern'],
  ] as const) {
    operator.lastIndex = reading.at;
    const found = operator.exec(reading.text)?.[0];
    if (found === undefined) continue;
    reading.at += found.length;
    return kind;
  }
  return 'other';
}

function readBracedWord(reading: Reading, start: number, kind: Operator, outer: Quoting): void {
  const from = reading.at;
  while (reading.text[reading.at] !== '}') {
    if (reading.at >= reading.text.length) throw new Unreadable(start, 'has a ${ without its }');
    const sign = reading.text[reading.at];
    if (reading.placeholders.has(reading.at)) takeInBraces(reading, kind, outer);
    else if (sign === '"') readInnerQuotes(reading, outer);
    else if (sign === "'") readInnerSingle(reading, outer);
    else if (sign === '$') readDollar(reading, outer);
    else readSign(reading, sign);
  }
  // `${x:offset:length}`: both are evaluated.
  if (kind === 'other' && reading.text[from] === ':') reading.arithmetic.push({ start: from, end: reading.at });
  reading.at += 1;
}

function takeInBraces(reading: Reading, kind: Operator, outer: Quoting): void {
  const { at } = reading;
  if (kind === 'other' && outer !== 'none' && reading.text[at - 1] !== ':') {
    reading.refusals.push({ offset: at, message: 'stands in a ${ } that shells read in several ways' });
  }
  if (kind === 'pattern' && outer === 'document') {
    reading.refusals.push({ offset: at, message: 'is part of a pattern in a here-document' });
  }
  // In `"${x#"$y"}"` the inner quotes keep the value from being a pattern, in every shell.
  takePlaceholder(reading, kind === 'pattern' ? 'none' : outer);
}

function readInnerQuotes(reading: Reading, outer: Quoting): void {
  const start = reading.at;
  readDoubleQuotes(reading);
  if (outer !== 'none') refuseBetween(reading, start, reading.at, 'stands in quotes inside a quoted ${ }');
}

function readInnerSingle(reading: Reading, outer: Quoting): void {
  if (outer === 'none') {
    readSingleQuotes(reading);
    return;
  }
  const start = reading.at;
  const end = reading.text.indexOf("'", start + 1);
  // Some shells take these for quotes and some for letters, which is the same only around plain text.
  if (end === -1 || /[}"`$\\]/.test(reading.text.slice(start, end)))
    throw new Unreadable(start, "has a ' inside a quoted ${ }, which shells read in several ways");
  reading.at = end + 1;
}

export function readDoubleQuotes(reading: Reading): QuotedText {
  const start = reading.at;
  let text = '';
  let whole = true;
  reading.at += 1;
  while (reading.text[reading.at] !== '"') {
    const from = reading.at;
    const sign = reading.text[from];
    if (sign === undefined) throw new Unreadable(start, 'has a " without its other one');
    if (takePlaceholder(reading, 'double')) whole = false;
    else if (sign === '$') {
      readDollar(reading, 'double');
      if (reading.at > from + 1) whole = false;
    } else {
      readSign(reading, sign);
      if (sign === '`') whole = false;
    }
    if (whole) text += unescape(reading.text.slice(from, reading.at));
  }
  reading.at += 1;
  return { text, whole };
}

function unescape(text: string): string {
  return text.length === 2 && '$`"\\\n'.includes(text[1] ?? '') ? text.slice(1).replace('\n', '') : text;
}
