/**
 * A strict JSON reader (RFC 8259) that builds nothing: it walks the bytes once, refuses what two parsers could read in
 * two ways, and notes where the members named by a `Shape` stand.
 */

export const MAX_DEPTH = 64;

/** What is wanted of an object: its members by name. Keys that only look like one of them are refused. */
export interface Shape {
  readonly members: readonly Member[];
  /** Lower-cased, width- and compatibility-folded member names. */
  readonly folded: ReadonlySet<string>;
  /** Slot that is set to 1 when two keys of this object differ only by case; -1 when nobody asks. */
  readonly caseSlot: number;
}

interface Member {
  readonly key: Buffer;
  readonly text: string;
  /** Where start, end and type are written (three entries each); -1 for a name that is only guarded. */
  readonly slot: number;
  readonly shape: Shape | null;
}

export interface MemberPlan {
  readonly slot?: number;
  readonly shape?: Shape;
}

export type JsonFault = 'malformed' | 'too-deep' | 'duplicate-key' | 'key-variant';

export const TYPE_NONE = 0;
export const TYPE_STRING = 1;
export const TYPE_NUMBER = 2;
export const TYPE_OBJECT = 3;
export const TYPE_ARRAY = 4;
const TYPE_LITERAL = 5;

/** Makes a shape from member names; the order is the order they are tried in. */
export function createShape(plan: Readonly<Record<string, MemberPlan>>, caseSlot = -1): Shape {
  const members = Object.entries(plan).map(([text, { slot, shape }]) => ({
    key: Buffer.from(text),
    text,
    slot: slot ?? -1,
    shape: shape ?? null,
  }));
  return { members, folded: new Set(members.map((member) => fold(member.text))), caseSlot };
}

/** All spellings that some parser takes for the same key give the same text. */
export function fold(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/[\p{Cf}\s]/gu, '')
    .toUpperCase()
    .toLowerCase();
}

// Past this many keys of one object a set takes over from comparing one by one.
const FEW_KEYS = 16;

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
let bytes: Buffer = Buffer.alloc(0);
let at = 0;
let end = 0;
let slots: Int32Array = new Int32Array(0);
let plainKey = true;
let keyHashes = new Int32Array(1024);
let keyStarts = new Int32Array(1024);
let keyEnds = new Int32Array(1024);
let keyTop = 0;

/**
 * Reads one document. `into` gets, for each captured slot, start, end and type; strings are captured without their
 * quotes. Returns null when the document is sound, else what is wrong with it.
 */
export function scanJson(document: Buffer, shape: Shape, into: Int32Array): JsonFault | null {
  bytes = document;
  at = 0;
  end = document.length;
  slots = into;
  keyTop = 0;
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

/** The first byte that is not white space, or -1. */
export function firstByte(document: Buffer): number {
  for (const byte of document) if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
  return -1;
}

/** The text between two positions of a sound document, escapes resolved. */
export function decodeText(document: Buffer, start: number, stop: number): string {
  for (let i = start; i < stop; i += 1) {
    const byte = document[i] as number;
    if (byte === 0x5c) return JSON.parse(`"${document.toString('utf8', start, stop)}"`) as string;
    if (byte >= 0x80) return slowText(document, start, stop);
  }
  return document.toString('latin1', start, stop);
}

function slowText(document: Buffer, start: number, stop: number): string {
  const text = document.toString('utf8', start, stop);
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
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
    readArray(depth);
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
  const base = keyTop;
  let many: Set<string> | null = null;
  for (;;) {
    if (bytes[at] !== 0x22) throw MALFORMED;
    const start = at + 1;
    readString();
    const stop = at - 1;
    const plain = plainKey;
    if (!plain && !decodeText(bytes, start, stop).isWellFormed()) throw VARIANT;
    if (many === null && keyTop - base >= FEW_KEYS) many = collectKeys(base);
    if (many === null) noteKey(base, start, stop, plain, shape);
    else noteOneOfMany(many, start, stop, shape);
    const member = shape === null ? null : findMember(shape, start, stop, plain);
    skipSpace();
    if (bytes[at] !== 0x3a) throw MALFORMED;
    at += 1;
    skipSpace();
    readMember(member, depth);
    skipSpace();
    const next = bytes[at];
    at += 1;
    if (next === 0x7d) break;
    if (next !== 0x2c) throw MALFORMED;
    skipSpace();
  }
  keyTop = base;
}

function readMember(member: Member | null, depth: number): void {
  if (member === null) {
    readValue(depth + 1, null);
    return;
  }
  const from = at;
  const type = readValue(depth + 1, member.shape);
  if (member.slot < 0) return;
  const quote = type === TYPE_STRING ? 1 : 0;
  slots[member.slot] = from + quote;
  slots[member.slot + 1] = at - quote;
  slots[member.slot + 2] = type;
}

function readArray(depth: number): void {
  if (depth > MAX_DEPTH) throw TOO_DEEP;
  at += 1;
  skipSpace();
  if (bytes[at] === 0x5d) {
    at += 1;
    return;
  }
  for (;;) {
    readValue(depth + 1, null);
    skipSpace();
    const next = bytes[at];
    at += 1;
    if (next === 0x5d) return;
    if (next !== 0x2c) throw MALFORMED;
    skipSpace();
  }
}

/** Leaves `at` past the closing quote; `plainKey` tells whether the text is ASCII without escapes. */
function readString(): void {
  plainKey = true;
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
    plainKey = false;
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

/** Case is folded into the hash, so one comparison finds both the same key again and its case variant. */
function hashKey(start: number, stop: number, plain: boolean): number {
  let hash = 0x811c9dc5;
  if (plain) {
    const document = bytes;
    for (let i = start; i < stop; i += 1) {
      const byte = document[i] as number;
      hash = Math.imul(hash ^ (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte), 0x01000193);
    }
    return hash;
  }
  const text = fold(decodeText(bytes, start, stop));
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

function noteKey(base: number, start: number, stop: number, plain: boolean, shape: Shape | null): void {
  const hash = hashKey(start, stop, plain);
  for (let i = base; i < keyTop; i += 1) if (keyHashes[i] === hash) compareKeys(i, start, stop, shape);
  if (keyTop === keyHashes.length) growKeys();
  keyHashes[keyTop] = hash;
  keyStarts[keyTop] = start;
  keyEnds[keyTop] = stop;
  keyTop += 1;
}

function compareKeys(index: number, start: number, stop: number, shape: Shape | null): void {
  const before = decodeText(bytes, keyStarts[index] as number, keyEnds[index] as number);
  const now = decodeText(bytes, start, stop);
  if (before === now) throw DUPLICATE;
  if (shape !== null && shape.caseSlot >= 0 && fold(before) === fold(now)) slots[shape.caseSlot] = 1;
}

function growKeys(): void {
  keyHashes = doubled(keyHashes);
  keyStarts = doubled(keyStarts);
  keyEnds = doubled(keyEnds);
}

function doubled(old: Int32Array): Int32Array<ArrayBuffer> {
  const next = new Int32Array(old.length * 2);
  next.set(old);
  return next;
}

// Exact keys go in as `=key` and folded ones as `~key`, so that one set answers both questions.
function collectKeys(base: number): Set<string> {
  const seen = new Set<string>();
  for (let i = base; i < keyTop; i += 1) {
    const text = decodeText(bytes, keyStarts[i] as number, keyEnds[i] as number);
    seen.add(`=${text}`).add(`~${fold(text)}`);
  }
  return seen;
}

function noteOneOfMany(seen: Set<string>, start: number, stop: number, shape: Shape | null): void {
  const text = decodeText(bytes, start, stop);
  if (seen.has(`=${text}`)) throw DUPLICATE;
  seen.add(`=${text}`);
  if (shape === null || shape.caseSlot < 0) return;
  const folded = `~${fold(text)}`;
  if (seen.has(folded)) slots[shape.caseSlot] = 1;
  seen.add(folded);
}

function findMember(shape: Shape, start: number, stop: number, plain: boolean): Member | null {
  if (!plain) return findSlowly(shape, decodeText(bytes, start, stop));
  const length = stop - start;
  const members = shape.members;
  for (let i = 0; i < members.length; i += 1) {
    const member = members[i] as Member;
    if (member.key.length !== length) continue;
    const match = matchKey(member.key, start);
    if (match === 2) return member;
    if (match === 1) throw VARIANT;
  }
  // White space inside a key folds away, so it can be a variant of another length.
  for (let i = start; i < stop; i += 1) if (bytes[i] === 0x20) return findSlowly(shape, decodeText(bytes, start, stop));
  return null;
}

/** 2: the same; 1: the same but for case; 0: another key. */
function matchKey(key: Buffer, start: number): number {
  let match = 2;
  for (let i = 0; i < key.length; i += 1) {
    const want = key[i] as number;
    const have = bytes[start + i] as number;
    if (want === have) continue;
    const lower = have | 0x20;
    if ((want | 0x20) !== lower || lower < 0x61 || lower > 0x7a) return 0;
    match = 1;
  }
  return match;
}

function findSlowly(shape: Shape, text: string): Member | null {
  for (const member of shape.members) if (member.text === text) return member;
  if (shape.folded.has(fold(text))) throw VARIANT;
  return null;
}
