import { toViews, type DecodedView } from './views.ts';

const MARK = '[redacted]';
/** Shorter texts are in every output; to hide them would hide nothing and spoil everything. */
const MIN_LENGTH = 4;
const MIN_LINE = 8;
const MIN_BASE64 = 6;
const PIECE = 512;
// A character of three bytes is nine of percent-encoding and twelve of JSON in JSON.
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
  const bytes = pieces.map((piece) => Buffer.from(piece));
  const needles = {
    // Control characters are gone from what is shown, though not from what it encodes.
    plain: [...new Set([...pieces, ...pieces.map(toVisible)])].map((piece) => Buffer.from(piece).toString('latin1')),
    base64: bytes.flatMap(toBase64Cores),
    hex: bytes.map((piece) => piece.toString('hex')),
  };
  function find(text: string): readonly Span[] {
    const { plain, base64, hex } = toViews(text);
    return [
      ...plain.flatMap((view) => findAll(view, needles.plain)),
      ...base64.flatMap((view) => findAll(view, needles.base64)),
      ...findAll(hex, needles.hex),
    ].sort((a, b) => a.start - b.start);
  }
  if (pieces.length === 0) return { lookahead: 0, redact: (text, end) => text.slice(0, end) };
  return {
    lookahead: LONGEST_FORM,
    redact: (text, end = text.length) => {
      const spans = find(text);
      return spans.length === 0 ? text.slice(0, end) : replace(text, spans, end);
    },
  };
}

interface Span {
  readonly start: number;
  end: number;
}

function findAll({ text, toPlace }: DecodedView, needles: readonly string[]): readonly Span[] {
  return needles.flatMap((needle) => {
    const spans: Span[] = [];
    for (let index = text.indexOf(needle); index >= 0; index = text.indexOf(needle, index + 1)) {
      const last = spans.at(-1);
      const span = { start: toPlace(index), end: toPlace(index + needle.length) };
      // A text that repeats itself is found within itself.
      if (last !== undefined && span.start <= last.end) last.end = span.end;
      else spans.push(span);
    }
    return spans;
  });
}

/** `spans` are of the text's bytes, in order. */
function replace(text: string, spans: readonly Span[], end: number): string {
  const bytes = Buffer.from(text);
  const lastByte = Buffer.byteLength(text.slice(0, end));
  let shown = '';
  let at = -1;
  for (const span of spans) {
    if (span.start >= lastByte) break;
    if (span.start > at) shown += `${bytes.toString('utf8', Math.max(at, 0), span.start)}${MARK}`;
    at = Math.max(at, span.end);
  }
  return shown + bytes.toString('utf8', Math.max(at, 0), Math.max(at, lastByte));
}

/** Long texts and texts of several lines are looked for piece by piece, as programs print them. */
function toPieces(text: string): readonly string[] {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trim());
  const wanted = lines.length === 1 ? MIN_LENGTH : MIN_LINE;
  return lines.filter((line) => toVisible(line).length >= wanted).flatMap(split);
}

function toVisible(line: string): string {
  return line.replaceAll(/[^\P{Cc}\t]/gu, '');
}

function split(line: string): readonly string[] {
  if (line.length <= PIECE) return [line];
  const characters = [...line];
  const pieces: string[] = [];
  for (let at = 0; at < characters.length; at += PIECE)
    pieces.push(characters.slice(Math.min(at, Math.max(0, characters.length - PIECE)), at + PIECE).join(''));
  return pieces;
}

/** What base64 makes of the bytes wherever they begin within a group of three, without what it shares with neighbours. */
function toBase64Cores(bytes: Buffer): readonly string[] {
  return [0, 1, 2]
    .map((before) => {
      const all = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
      return all.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    })
    .filter((core) => core.length >= MIN_BASE64);
}
