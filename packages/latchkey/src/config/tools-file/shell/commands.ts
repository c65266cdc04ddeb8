import { readDelimiter, readDocument } from './documents.ts';
import { readArithmetic } from './expansion.ts';
import { begin, close, createFrame, endGroup, finish, open, separate, type Frame } from './frame.ts';
import { Unreadable } from './reading.ts';
import type { Command, Reading, Word } from './reading.ts';
import { readWord, skipBlanks, skipComment } from './words.ts';

const OPENING = new Set(['if', 'while', 'until', '{']);
const CLOSING = new Set(['fi', 'done', '}']);
const STAYING = new Set(['then', 'else', 'elif', 'do', '!']);
const REDIRECTION = /\d*(?:&>>?|<<<|<<-?|<>|>>|>\||[<>]&|<|>)/y;
/** zsh takes a `!` or `|` behind more of them. */
const ZSH_REDIRECTION = /\d*(?:&>>?[|!]?|<<<|<<-?|<>|>>[|!]?|>[|!]|[<>]&[|!]?|<|>)/y;
/** Options of zsh with which what a variable holds is read again. */
const SUBSTITUTING = /^(?:glob|prompt)subst$/;
const ASSIGNMENT = /^([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=/;
const ELEMENT = /^[A-Za-z_]\w*\[/;

/** Reads commands to the end of the text, or to the `)` of a substitution and past it. */
export function readCommands(reading: Reading, closer: ')' | null): void {
  const frame = createFrame(reading, closer);
  const start = reading.at;
  for (;;) {
    skipBlanks(reading);
    const sign = reading.text[reading.at];
    if (sign === undefined) break;
    if (sign === ')' && closePart(frame)) {
      reading.command = frame.within;
      return;
    }
    if (sign !== ')') readStep(frame, sign);
  }
  finish(frame);
  if (closer !== null) throw new Unreadable(start, 'has a $( without its )');
  if (frame.documents.length > 0) throw new Unreadable(start, 'has a here-document without its text');
  if (frame.open.length > 0) throw new Unreadable(start, 'does not end what it begins');
}

function readStep(frame: Frame, sign: string): void {
  const { reading } = frame;
  if (sign === '\n') readLineEnd(frame);
  else if (sign === '#') skipComment(reading);
  else if (sign === '(') readOpening(frame);
  else if (readRedirection(frame)) return;
  else if (sign === ';' || sign === '&' || sign === '|') readOperator(frame, sign);
  else readNextWord(frame);
}

function readLineEnd(frame: Frame): void {
  separate(frame);
  frame.reading.at += 1;
  for (const document of frame.documents.splice(0)) {
    readDocument(frame.reading, document);
    // Its last line's end belongs to it.
    if (frame.reading.text[frame.reading.at] === '\n') frame.reading.at += 1;
  }
}

function readOperator(frame: Frame, sign: string): void {
  const { reading } = frame;
  const { text, at } = reading;
  if (sign === '|' && text[at + 1] !== '|') {
    finish(frame);
    frame.fed = frame.pipeline;
    reading.at += text[at + 1] === '&' ? 2 : 1;
    return begin(frame);
  }
  const [operator = sign] = /^(?:;;&|;;|;&|&&|\|\||[;&])/.exec(text.slice(at, at + 3)) ?? [];
  reading.at += operator.length;
  separate(frame);
  if (operator.startsWith(';') && operator.length > 1 && frame.cases > 0) readCasePatterns(frame);
}

function readOpening(frame: Frame): void {
  const { reading, command } = frame;
  const { at, text } = reading;
  if (command.words.length === 0) {
    const arithmetic = text[at + 1] === '(' && readArithmetic(reading, at + 2);
    if (arithmetic) {
      return endGroup(frame, { start: at });
    }
    reading.at = at + 1;
    return open(frame, '(');
  }
  const empty = /^\([ \t]*\)/.exec(text.slice(at))?.[0];
  if (empty === undefined || command.words.length !== 1) throw new Unreadable(at, 'has a ( where none is expected');
  // `name()` defines a function: its body follows.
  defineFunction(frame, command.words.pop());
  reading.at = at + empty.length;
}

/** At a `)`: true when the substitution ends with it. */
function closePart(frame: Frame): boolean {
  const { reading } = frame;
  if (frame.open.some(({ by }) => by === '(')) {
    close(frame, '(');
    reading.at += 1;
    return false;
  }
  if (frame.closer === null || frame.open.length > 0) throw new Unreadable(reading.at, 'has a ) without its (');
  if (frame.documents.length > 0)
    throw new Unreadable(reading.at, 'has a here-document that does not end before its )');
  finish(frame);
  reading.at += 1;
  return true;
}

function readRedirection(frame: Frame): boolean {
  const { reading, command } = frame;
  const redirection = reading.dialect === 'zsh' ? ZSH_REDIRECTION : REDIRECTION;
  redirection.lastIndex = reading.at;
  const found = redirection.exec(reading.text)?.[0];
  if (found === undefined || (/^[<>]$/.test(found) && reading.text[reading.at + 1] === '(')) return false;
  reading.at += found.length;
  const operator = found.replace(/^\d+/, '');
  const { inputs, outputs } = frame.closed ?? command;
  skipBlanks(reading);
  if (operator === '<<' || operator === '<<-') {
    frame.documents.push(readDelimiter(reading, operator === '<<-', inputs));
    return true;
  }
  const { start, end } = readWord(reading);
  if (end === start) throw new Unreadable(start, 'has a redirection without its file');
  // `<`, `<<<`, `<>`, `<&`, also before a `<( )`: whatever the word comes to is read.
  if (operator.startsWith('<')) inputs.push({ start, end });
  if (operator.includes('>')) outputs.push({ start, end });
  if (/[<>]&/.test(operator)) reading.readTwice.push({ start, end });
  return true;
}

function readNextWord(frame: Frame): void {
  const { reading, command } = frame;
  const word = readWord(reading);
  if (word.end === word.start) throw new Unreadable(word.start, 'cannot be read here');
  if (reading.dialect === 'zsh' && /^=[^= \t\n;&|<>()]/.test(reading.text.slice(word.start, word.end)))
    throw new Unreadable(word.start, 'has a word that begins with =, which is the path of a program in zsh');
  refuseOptions(frame, word);
  if (frame.closed !== null && !(word.plain && CLOSING.has(word.literal ?? '')) && !isContinuing(word))
    throw new Unreadable(word.start, 'has a word where a command has ended');
  if (isLoopWithoutList(command, word)) return separate(frame);
  const text = reading.text.slice(word.start, word.end);
  // `{a[…]}>file` puts the number of a file there.
  if (/^\{\w+\[/.test(text) && /[<>]/.test(reading.text[reading.at] ?? '')) reading.arithmetic.push(word);
  if (command.words.length > 0) return void command.words.push(word);
  if (ELEMENT.test(text)) noteSubscript(reading, word, text);
  const assigned = ASSIGNMENT.exec(text)?.[1];
  if (assigned !== undefined) {
    return void command.assignments.push({ name: assigned, start: word.start, end: word.end });
  }
  if (word.plain && command.assignments.length === 0 && readGrammar(frame, word)) return;
  // The body of a function that is one command.
  if (frame.body) reading.hidesInputs = true;
  command.words.push(word);
}

function refuseOptions({ reading, command: { words } }: Frame, { start, prefix }: Word): void {
  const isSet = reading.dialect === 'zsh' && ['setopt', 'set', 'emulate'].includes(words[0]?.literal ?? '');
  if (isSet && SUBSTITUTING.test(prefix.toLowerCase().replace(/_|^-o/g, '')))
    throw new Unreadable(start, 'has an option with which zsh reads values again');
}

/** What stands in the brackets of `a[…]=` is evaluated; it may hold blanks, which no other word may. */
function noteSubscript({ arithmetic }: Reading, { start, end }: Word, text: string): void {
  const opening = text.indexOf('[');
  const closing = text.lastIndexOf(']');
  if (closing === -1) throw new Unreadable(start, 'has a [ without its ] in a word');
  const [simple] = /^\w+\[(?:[^\]()`'"]|'[^']*'|"[^"()`]*")*\]\+?=/.exec(text) ?? [];
  arithmetic.push({ start: start + opening + 1, end: simple === undefined ? end : start + simple.lastIndexOf(']') });
}

/** `for x do`: the loop runs over what the script was called with. */
function isLoopWithoutList({ words: [first, , third] }: Command, { plain, literal }: Word): boolean {
  return plain && literal === 'do' && third === undefined && (first?.literal === 'for' || first?.literal === 'select');
}

function isContinuing({ plain, literal }: Word): boolean {
  return plain && (STAYING.has(literal ?? '') || literal === 'esac');
}

/** Takes a word that belongs to the shell's grammar; false when it is the name of a program. */
function readGrammar(frame: Frame, word: Word): boolean {
  const literal = word.literal ?? '';
  if (OPENING.has(literal)) open(frame, 'word');
  else if (CLOSING.has(literal)) close(frame, 'word');
  else if (STAYING.has(literal)) begin(frame);
  else if (literal === 'for' || literal === 'select') readFor(frame, word);
  else if (literal === 'case') readCase(frame);
  else if (literal === 'esac' && frame.cases > 0) closeCase(frame);
  else if (literal === 'function') readFunction(frame);
  else if (literal === 'coproc') return readCoprocess(frame);
  else if (literal === '[[') readTest(frame, word);
  else return false;
  return true;
}

/** The list of `for` stands as a command of that name, so that its words can be looked at. */
function readFor(frame: Frame, word: Word): void {
  const { reading } = frame;
  open(frame, 'word');
  skipBlanks(reading);
  if (reading.text.startsWith('((', reading.at)) {
    if (!readArithmetic(reading, reading.at + 2)) throw new Unreadable(word.start, 'has a for that cannot be read');
    return;
  }
  frame.command.words.push(word);
}

function defineFunction(frame: Frame, name: Word | undefined): void {
  const { reading } = frame;
  if (typeof name?.literal === 'string') reading.functions.add(name.literal);
  else reading.hidesInputs = true;
  frame.body = true;
}

function readFunction(frame: Frame): void {
  const { reading } = frame;
  skipBlanks(reading);
  defineFunction(frame, readWord(reading));
  const empty = /^[ \t]*\([ \t]*\)/.exec(reading.text.slice(reading.at))?.[0] ?? '';
  reading.at += empty.length;
  begin(frame);
}

/** What it prints is read by a descriptor that the shell chooses, anywhere. */
function readCoprocess({ reading }: Frame): false {
  reading.hidesInputs = true;
  return false;
}

function readTest(frame: Frame, word: Word): void {
  const { reading, command } = frame;
  command.words.push(word);
  for (;;) {
    skipBlanks(reading, true);
    if (reading.at >= reading.text.length) throw new Unreadable(word.start, 'has a [[ without its ]]');
    if (/^\]\](?:[ \t\n;&|<>()]|$)/.test(reading.text.slice(reading.at, reading.at + 3))) break;
    const next = readWord(reading, true);
    command.words.push(next);
  }
  const { at } = reading;
  reading.at += 2;
  command.words.push({ start: at, end: at + 2, literal: ']]', prefix: ']]', plain: true });
  refuseSigns(reading, word.start, reading.at);
}

/** In dash `[[` is the name of a program, and what follows `&&` or `;` would be another one. */
function refuseSigns({ text, dialect }: Reading, start: number, end: number): void {
  if ((dialect === 'sh' || dialect === 'dash') && /[\n;&|<>()]/.test(text.slice(start, end)))
    throw new Unreadable(start, 'has a [[ that not every sh knows; write [ ]');
}

function readCase(frame: Frame): void {
  const { reading } = frame;
  open(frame, 'word');
  skipBlanks(reading);
  readWord(reading);
  skipBlanks(reading, true);
  if (readWord(reading).literal !== 'in') throw new Unreadable(reading.at, 'has a case without its in');
  frame.cases += 1;
  readCasePatterns(frame);
}

function readCasePatterns(frame: Frame): void {
  const { reading } = frame;
  skipBlanks(reading, true);
  if (reading.text[reading.at] === '(') reading.at += 1;
  for (;;) {
    skipBlanks(reading);
    const pattern = readWord(reading);
    if (pattern.plain && pattern.literal === 'esac') return closeCase(frame);
    skipBlanks(reading);
    const sign = reading.text[reading.at];
    if (sign !== '|' && sign !== ')') throw new Unreadable(reading.at, 'has a case that cannot be read');
    reading.at += 1;
    if (sign === ')') return begin(frame);
  }
}

function closeCase(frame: Frame): void {
  frame.cases -= 1;
  close(frame, 'word');
}
