import { DocumentError } from './document.ts';
import { createTextReader, type TextReader } from './text-reader.ts';

/** A value and where it stands in its text. */
export type Node = Scalar | List | Table;

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Scalar extends Span {
  readonly kind: 'scalar';
  readonly value: unknown;
}

interface List extends Span {
  readonly kind: 'list';
  readonly items: readonly Node[];
}

interface Table extends Span {
  readonly kind: 'table';
  readonly members: readonly Member[];
}

interface Member extends Span {
  readonly name: string;
  readonly value: Node;
}

const MAX_DEPTH = 500;

const BLANK = /[ \t\r\n]*/y;
const BLANK_OR_COMMENT = /(?:[ \t\r\n]|\/\/[^\r\n]*|\/\*[^]*?\*\/)*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** How a file's JSON is read. */
interface Dialect {
  /** Also takes comments, and a comma before a closing bracket, as editors do. */
  readonly comments: boolean;
}

/** Reads JSON and keeps the place of everything. Throws DocumentError. */
export function parseJson(text: string, dialect: Dialect): Node {
  const reader = createTextReader(text);
  skip(reader, dialect);
  const root = readValue(reader, dialect, 0);
  skip(reader, dialect);
  if (!reader.ended) failHere(reader, dialect);
  return root;
}

function skip(reader: TextReader, { comments }: Dialect): void {
  reader.take(comments ? BLANK_OR_COMMENT : BLANK);
}

function readValue(reader: TextReader, dialect: Dialect, depth: number): Node {
  const start = reader.at;
  if (depth > MAX_DEPTH) reader.fail(`more than ${MAX_DEPTH} levels`);
  if (reader.takeWord('{')) {
    const members = readAll(reader, dialect, '}', () => readMember(reader, dialect, depth + 1));
    return { kind: 'table', start, members, end: reader.at };
  }
  if (reader.takeWord('[')) {
    const items = readAll(reader, dialect, ']', () => readValue(reader, dialect, depth + 1));
    return { kind: 'list', start, items, end: reader.at };
  }
  const found = reader.take(STRING) ?? reader.take(WORD) ?? failHere(reader, dialect);
  return { kind: 'scalar', start, value: JSON.parse(found), end: reader.at };
}

function readMember(reader: TextReader, dialect: Dialect, depth: number): Member {
  const start = reader.at;
  const name = JSON.parse(reader.take(STRING) ?? reader.fail('a name in double quotes is missing here')) as string;
  skip(reader, dialect);
  if (!reader.takeWord(':')) reader.fail('a colon is missing here');
  skip(reader, dialect);
  return { name, start, value: readValue(reader, dialect, depth), end: reader.at };
}

function readAll<T>(reader: TextReader, dialect: Dialect, close: string, readOne: () => T): readonly T[] {
  const all: T[] = [];
  for (skip(reader, dialect); !reader.takeWord(close); skip(reader, dialect)) {
    all.push(readOne());
    skip(reader, dialect);
    if (reader.takeWord(',')) {
      skip(reader, dialect);
      if (reader.startsWith(close) && !dialect.comments) reader.fail('a comma before the closing bracket');
    } else if (!reader.startsWith(close)) reader.fail(`a comma or ${close} is missing here`);
  }
  return all;
}

function failHere(reader: TextReader, { comments }: Dialect): never {
  if (reader.ended) return reader.fail('the file ends too early');
  const comment = !comments && (reader.startsWith('//') || reader.startsWith('/*'));
  return reader.fail(comment ? 'a comment, which this file cannot hold' : 'no JSON');
}

/** The member of that name; null where there is none. Throws DocumentError where there are two. */
export function memberOf(table: Table, name: string): Member | null {
  const [first, second] = table.members.filter((each) => each.name === name);
  if (second !== undefined) throw new DocumentError(second.start, `${JSON.stringify(name)} stands here a second time`);
  return first ?? null;
}

/** The value alone. */
export function toValue(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toValue);
  return Object.fromEntries(node.members.map(({ name, value }) => [name, toValue(value)]));
}
