/**
 * A strict JSON reader (RFC 8259) that builds nothing: it walks the bytes once, refuses what two parsers could read in
 * two ways, and notes where the members named by a `Shape` stand.
 */

import { closeKeys, forgetKeys, noteKey, openKeys } from './json-keys.ts';
import { findMember, hashFolded, hashText, type Member, type Shape } from './json-shape.ts';
import { decodeText } from './json-text.ts';

/** Objects and arrays inside each other; what is deeper is refused. */
export const MAX_DEPTH = 64;

export type JsonFault = 'malformed' | 'too-deep' | 'duplicate-key' | 'key-variant';

export const TYPE_NONE = 0;
export const TYPE_STRING = 1;
export const TYPE_NUMBER = 2;
export const TYPE_OBJECT = 3;
export const TYPE_ARRAY = 4;
const TYPE_LITERAL = 5;

class Fault {
  readonly kind: JsonFault;
  constructor(kind: JsonFault) {
    this.kind = kind;
  }
}
const MALFORMED = new Fault('malformed');
const TOO_DEEP = new Fault('too-deep');
const DUPLICATE = new Fault('duplicate-key');
const VARIANT = new Fault('key-variant');

// One message is read at a time and never across an await, so the cursor can live here instead of in an allocation.
let bytes: Uint8Array = new Uint8Array(0);
let at = 0;
let end = 0;
let slots: Int32Array = new Int32Array(0);
let plain = true;

/**
 * Reads one document. `into` gets, for each captured slot, start, end and type; strings are captured without their
 * quotes. Returns null when the document is sound, else what is wrong with it.
 */
export function scanJson(document: Uint8Array, shape: Shape, into: Int32Array): JsonFault | null {
  bytes = document;
  at = 0;
  end = document.length;
  slots = into;
  forgetKeys();
  into.fill(0);
  try {
    skipSpace();
    readValue(1, shape);
    skipSpace();
    return at === end ? null : 'malformed';
  } catch (fault) {
    if (fault instanceof Fault) return fault.kind;
    throw fault;
  }
}

function skipSpace(): void {
  while (at < end) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    at += 1;
  }
}

function readValue(depth: number, shape: Shape | null): number {
  if (at >= end) throw MALFORMED;
  const byte = bytes[at] as number;
  if (byte === 0x22) {
    readString();
    return TYPE_STRING;
  }
  if (byte === 0x7b) {
    readObject(depth, shape);
    return TYPE_OBJECT;
  }
  if (byte === 0x5b) {
    readArray(depth, inner(shape));
    return TYPE_ARRAY;
  }
  if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
    readNumber();
    return TYPE_NUMBER;
  }
  readLiteral(byte);
  return TYPE_LITERAL;
}

function readObject(depth: number, shape: Shape | null): void {
  if (depth > MAX_DEPTH) throw TOO_DEEP;
  at += 1;
  skipSpace();
  if (bytes[at] === 0x7d) {
    at += 1;
    return;
  }
  const base = openKeys();
  const watched = shape !== null && shape.caseSlot >= 0;
  for (;;) {
    const start = at + 1;
    const member = readKey(shape);
    const stop = at - 1;
    skipSpace();
    if (bytes[at] !== 0x3a) throw MALFORMED;
    at += 1;
    skipSpace();
    if (watched && setsPrototype(start, stop)) slots[shape.caseSlot] = 1;
    if (member === null) readValue(depth + 1, inner(shape));
    else readMember(member, depth + 1);
    skipSpace();
    const next = bytes[at];
    at += 1;
    if (next === 0x7d) break;
    if (next !== 0x2c) throw MALFORMED;
    skipSpace();
  }
  const found = closeKeys(bytes, base, watched);
  if (found === 'duplicate') throw DUPLICATE;
  if (watched && found === 'alike') slots[shape.caseSlot] = 1;
}

const LONGEST_PROTO = String.raw`\u0063`.length * 'constructor'.length;

/**
 * Whether JavaScript that copies members one by one makes this one, whose value begins at the cursor, the prototype of
 * the copy (`__proto__`), or changes that of everything (`constructor` with an object): then what is in it is an
 * argument as well.
 */
function setsPrototype(start: number, stop: number): boolean {
  const first = bytes[start];
  if (first !== 0x5f && first !== 0x63 && first !== 0x5c) return false;
  if (stop - start > LONGEST_PROTO) return false;
  const key = decodeText(bytes, start, stop);
  return key === '__proto__' || (key === 'constructor' && bytes[at] === 0x7b);
}

/** Reads a key, notes it, and finds the member it stands for. */
function readKey(shape: Shape | null): Member | null {
  if (bytes[at] !== 0x22) throw MALFORMED;
  const start = at + 1;
  readString();
  const stop = at - 1;
  const text = plain ? null : decodeText(bytes, start, stop);
  // Programs make every lone surrogate one and the same character, or drop it; to some, text ends at a NUL.
  if (text !== null && (!text.isWellFormed() || text.includes('\0'))) throw VARIANT;
  const hash = shape === null ? hashText(bytes, start, stop, text) : hashFolded(bytes, start, stop, text);
  noteKey(hash, start, stop);
  const member = shape === null ? null : findMember(shape, bytes, start, stop, hash);
  if (member === 'variant') throw VARIANT;
  return member;
}

function inner(shape: Shape | null): Shape | null {
  return shape !== null && shape.deep ? shape : null;
}

function readMember(member: Member, depth: number): void {
  const from = at;
  const type = readValue(depth, member.shape);
  if (member.slot < 0) return;
  const quote = type === TYPE_STRING ? 1 : 0;
  slots[member.slot] = from + quote;
  slots[member.slot + 1] = at - quote;
  slots[member.slot + 2] = type;
}

function readArray(depth: number, items: Shape | null): void {
  if (depth > MAX_DEPTH) throw TOO_DEEP;
  at += 1;
  skipSpace();
  if (bytes[at] === 0x5d) {
    at += 1;
    return;
  }
  for (;;) {
    readValue(depth + 1, items);
    skipSpace();
    const next = bytes[at];
    at += 1;
    if (next === 0x5d) return;
    if (next !== 0x2c) throw MALFORMED;
    skipSpace();
  }
}

/** Leaves `at` past the closing quote; `plain` tells whether the text is ASCII without escapes. */
function readString(): void {
  plain = true;
  // Locals keep this loop, where most bytes are read, free of module-scope loads.
  const document = bytes;
  const stop = end;
  let i = at + 1;
  for (;;) {
    if (i >= stop) throw MALFORMED;
    const byte = document[i] as number;
    if (byte === 0x22) break;
    if (byte < 0x20) throw MALFORMED;
    if (byte !== 0x5c && byte < 0x80) {
      i += 1;
      continue;
    }
    plain = false;
    at = i;
    if (byte === 0x5c) readEscape();
    else readUtf8(byte);
    i = at;
  }
  at = i + 1;
}

function readEscape(): void {
  const byte = bytes[at + 1];
  if (byte === 0x75) {
    for (let i = at + 2; i < at + 6; i += 1) if (!isHex(bytes[i])) throw MALFORMED;
    at += 6;
    return;
  }
  // " \ / b f n r t
  if (
    byte !== 0x22 &&
    byte !== 0x5c &&
    byte !== 0x2f &&
    byte !== 0x62 &&
    byte !== 0x66 &&
    byte !== 0x6e &&
    byte !== 0x72 &&
    byte !== 0x74
  )
    throw MALFORMED;
  at += 2;
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

/** One well-formed UTF-8 sequence (Unicode table 3-7): no overlong form, surrogate or value past U+10FFFF. */
function readUtf8(lead: number): void {
  const second = at + 1 < end ? (bytes[at + 1] as number) : 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    if (second >> 6 !== 2) throw MALFORMED;
    at += 2;
    return;
  }
  if (at + 2 >= end || (bytes[at + 2] as number) >> 6 !== 2) throw MALFORMED;
  if (lead >= 0xe0 && lead <= 0xef) {
    const low = lead === 0xe0 ? 0xa0 : 0x80;
    const high = lead === 0xed ? 0x9f : 0xbf;
    if (second < low || second > high) throw MALFORMED;
    at += 3;
    return;
  }
  if (lead < 0xf0 || lead > 0xf4 || at + 3 >= end || (bytes[at + 3] as number) >> 6 !== 2) throw MALFORMED;
  const low = lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) throw MALFORMED;
  at += 4;
}

function readNumber(): void {
  if (bytes[at] === 0x2d) at += 1;
  if (bytes[at] === 0x30) at += 1;
  else readDigits();
  if (bytes[at] === 0x2e) {
    at += 1;
    readDigits();
  }
  if (((bytes[at] ?? 0) | 0x20) === 0x65) {
    at += 1;
    if (bytes[at] === 0x2b || bytes[at] === 0x2d) at += 1;
    readDigits();
  }
}

function readDigits(): void {
  const from = at;
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined || byte < 0x30 || byte > 0x39) break;
    at += 1;
  }
  if (at === from) throw MALFORMED;
}

function readLiteral(first: number): void {
  const word = first === 0x74 ? 'true' : first === 0x66 ? 'false' : first === 0x6e ? 'null' : '';
  if (word === '') throw MALFORMED;
  for (let i = 0; i < word.length; i += 1) if (bytes[at + i] !== word.charCodeAt(i)) throw MALFORMED;
  at += word.length;
}
