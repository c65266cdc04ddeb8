const MARK = '[redacted]';
/** Shorter texts are in every output; to hide them would hide nothing and spoil everything. */
const MIN_LENGTH = 4;
const MIN_LINE = 8;
const MIN_BASE64 = 6;
const PIECE = 512;
// Of one UTF-16 unit, percent-encoded UTF-8 is the longest form that is looked for.
const LONGEST_FORM = PIECE * 12;

export interface Redactor {
  /** Characters past the end of what is shown that must be at hand to recognise what begins before it. */
  readonly lookahead: number;
  /**
   * `text` up to `end`, without the hidden texts: as they are, percent-encoded, JSON-escaped (JSON in JSON too), in hex,
   * or in base64 (both alphabets, wrapped lines, inside something longer). Not recognised: texts of less than 4
   * characters, other encodings (HTML entities, base32, gzip), two of them over each other, and a text taken apart.
   */
  redact(text: string, end?: number): string;
}

export function createRedactor(hidden: readonly string[]): Redactor {
  const pieces = [...new Set(hidden.flatMap(toPieces))];
  const forms = pieces.flatMap((piece) => [toEscapedForm(piece), toHexForm(piece), ...toBase64Form(piece)]);
  return {
    lookahead: forms.length === 0 ? 0 : LONGEST_FORM,
    redact(text, end = text.length) {
      const found = forms.flatMap((form) => findAll(form, text)).sort((a, b) => a.start - b.start);
      let shown = '';
      let at = 0;
      for (const { start, end: after } of found) {
        if (start >= end) break;
        if (start > at || (at === 0 && shown === '')) shown += text.slice(at, start) + MARK;
        at = Math.max(at, after);
      }
      return shown + text.slice(at, Math.max(at, end));
    },
  };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function findAll(form: RegExp, text: string): Span[] {
  return Array.from(text.matchAll(form), ({ 0: match, index }) => ({ start: index, end: index + match.length }));
}

/** Long texts and texts of several lines are looked for piece by piece, as programs print them. */
function toPieces(text: string): readonly string[] {
  const whole = text.trim();
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  const wanted = lines.length === 1 ? MIN_LENGTH : MIN_LINE;
  return lines.filter((line) => countVisible(line) >= wanted).flatMap(split);
}

function countVisible(line: string): number {
  return line.replaceAll(/\p{Cc}/gu, '').length;
}

function split(line: string): readonly string[] {
  if (line.length <= PIECE) return [line];
  const whole = Array.from({ length: Math.floor(line.length / PIECE) }, (_, i) =>
    line.slice(i * PIECE, (i + 1) * PIECE),
  );
  return [...whole, line.slice(-PIECE)];
}

function toEscapedForm(piece: string): RegExp {
  return new RegExp(Array.from(piece.matchAll(/\\+|./gsu), ([unit]) => toEscapedUnit(unit)).join(''), 'g');
}

function toEscapedUnit(unit: string): string {
  if (!unit.startsWith('\\')) return toEscapedCharacter(unit);
  // As one unit: a choice for each of many backslashes would be tried in every combination.
  const { length } = unit;
  return `(?:\\\\{${length},${4 * length}}|(?:%5[Cc]){${length}}|(?:${ESCAPE}u005[Cc]){${length}})`;
}

// JSON within JSON doubles them; a bound, since a long run of them is read from each of its places.
const ESCAPE = '\\\\{1,16}';
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't' };

function toEscapedCharacter(character: string): string {
  const percent = [...Buffer.from(character)].map((byte) => `%${toCaseless(toHex(byte, 2))}`).join('');
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  const forms = [percent, units.map((unit) => `${ESCAPE}u${toCaseless(toHex(unit, 4))}`).join('')];
  const short = SHORT_ESCAPES[character] ?? (/["/]/.test(character) ? character : null);
  if (short !== null) forms.push(`${ESCAPE}${escapeSyntax(short)}`);
  if (character === ' ') forms.push('\\+');
  // Control characters are gone from what is shown.
  forms.push(/[^\P{Cc}\n\t]/u.test(character) ? '' : escapeSyntax(character));
  return `(?:${forms.join('|')})`;
}

function toHexForm(piece: string): RegExp {
  return new RegExp(toCaseless(Buffer.from(piece).toString('hex')), 'g');
}

/** What base64 makes of the bytes wherever they begin within a group of three, without what it shares with neighbours. */
function toBase64Form(piece: string): readonly RegExp[] {
  const bytes = Buffer.from(piece);
  const cores = [0, 1, 2]
    .map((before) => {
      const all = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
      return all.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    })
    .filter((core) => core.length >= MIN_BASE64)
    .map((core) => Array.from(core, toBase64Character).join('(?:\\n|\\\\n|%0[Aa])?'));
  return cores.length === 0 ? [] : [new RegExp(cores.join('|'), 'g')];
}

function toBase64Character(character: string): string {
  if (character === '+') return '(?:[+-]|%2[Bb]|\\\\u002[Bb])';
  return character === '/' ? '(?:[/_]|%2[Ff]|\\\\/)' : character;
}

function escapeSyntax(character: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}

function toHex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function toCaseless(hex: string): string {
  return hex.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
