import { DocumentError } from './document.ts';

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

/**
 * Reads JSON and keeps the place of everything. With `comments` also comments and a comma before a closing bracket, as
 * editors take them. Throws DocumentError.
 */
export function parseJson(text: string, { comments }: { readonly comments: boolean }): Node {
  const blank = comments ? BLANK_OR_COMMENT : BLANK;
  let at = text.startsWith('\uFEFF') ? 1 : 0;

  const fail = (message: string, offset = at): never => {
    throw new DocumentError(offset, message);
  };
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  const skip = (): void => void take(blank);
  const takeIf = (character: string): boolean => {
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };

  function readValue(depth: number): Node {
    const start = at;
    if (depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} levels`);
    if (takeIf('{')) return { kind: 'table', start, members: readAll('}', () => readMember(depth)), end: at };
    if (takeIf('[')) return { kind: 'list', start, items: readAll(']', () => readValue(depth + 1)), end: at };
    const found = take(STRING) ?? take(WORD) ?? fail(what());
    return { kind: 'scalar', start, value: JSON.parse(found), end: at };
  }

  function readAll<T extends Span>(close: string, readOne: () => T): readonly T[] {
    const all: T[] = [];
    for (skip(); !takeIf(close); skip()) {
      all.push(readOne());
      skip();
      if (takeIf(',')) {
        skip();
        if (text[at] === close && !comments) fail('a comma before the closing bracket');
      } else if (text[at] !== close) fail(`a comma or ${close} is missing here`);
    }
    return all;
  }

  function readMember(depth: number): Member {
    const start = at;
    const name = JSON.parse(take(STRING) ?? fail('a name in double quotes is missing here')) as string;
    skip();
    if (!takeIf(':')) fail('a colon is missing here');
    skip();
    const value = readValue(depth + 1);
    return { name, start, value, end: at };
  }

  function what(): string {
    if (at >= text.length) return 'the file ends too early';
    return !comments && /\/[/*]/y.test(text.slice(at, at + 2)) ? 'a comment, which this file cannot hold' : 'no JSON';
  }

  skip();
  const root = readValue(0);
  skip();
  if (at < text.length) fail(what());
  return root;
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
