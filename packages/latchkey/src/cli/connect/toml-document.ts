import { DocumentError } from './document.ts';
import { createTextReader, type TextReader } from './text-reader.ts';

/** One header or one `key = value` of a TOML file, and where it stands; `end` is behind the value or the bracket. */
export interface Statement {
  readonly kind: 'table' | 'list' | 'pair';
  /** From the top of the file: for a pair the table's names and its own. */
  readonly path: readonly string[];
  readonly start: number;
  readonly end: number;
}

const MAX_DEPTH = 500;

const SPACE = /[ \t]*/y;
const BLANK = /(?:[ \t\r\n]|#[^\r\n]*)*/y;
const END_OF_LINE = /[ \t]*(?:#[^\r\n]*)?(?=\r?\n|$)/y;
const BARE = /[A-Za-z0-9_-]+/y;
const ESCAPE = String.raw`\\(?:[btnfre"\\]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`;
const BASIC = new RegExp(`"(?:[^"\\\\\\u0000-\\u0008\\u000a-\\u001f\\u007f]|${ESCAPE})*"`, 'y');
const LITERAL = /'[^'\u0000-\u0008\u000a-\u001f\u007f]*'/y;
const LONG_BASIC = /"""(?:[^\\]|\\[^])*?"""(?:"{1,2}(?!"))?/y;
const LONG_LITERAL = /'''[^]*?'''(?:'{1,2}(?!'))?/y;
const DATE =
  /\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?)?|\d\d:\d\d(?::\d\d(?:\.\d+)?)?/y;
const WORD =
  /true\b|false\b|[+-]?(?:inf|nan)\b|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[+-]?\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?/y;
const VALUES = [LONG_BASIC, LONG_LITERAL, BASIC, LITERAL, DATE, WORD];

/** The statements of a TOML file in their order. Throws DocumentError where it is none, and for a table that stands twice. */
export function parseToml(text: string): readonly Statement[] {
  const reader = createTextReader(text);
  const statements: Statement[] = [];
  let table: readonly string[] = [];
  for (reader.take(BLANK); !reader.ended; reader.take(BLANK)) {
    const statement = reader.startsWith('[') ? readHeader(reader) : readPair(reader, table);
    if (statement.kind !== 'pair') table = statement.path;
    statements.push(statement);
    if (reader.take(END_OF_LINE) === null) reader.fail('the line goes on where it should end');
  }
  refuseRepeated(statements);
  return statements;
}

function readHeader(reader: TextReader): Statement {
  const start = reader.at;
  const kind = reader.takeWord('[[') ? 'list' : 'table';
  if (kind === 'table') reader.takeWord('[');
  const path = readKey(reader);
  if (!reader.takeWord(kind === 'list' ? ']]' : ']')) reader.fail('a closing bracket is missing here');
  return { kind, path, start, end: reader.at };
}

function readPair(reader: TextReader, table: readonly string[]): Statement {
  const start = reader.at;
  const path = [...table, ...readKey(reader)];
  readEquals(reader);
  readValue(reader, 0);
  return { kind: 'pair', path, start, end: reader.at };
}

function readKey(reader: TextReader): readonly string[] {
  const path: string[] = [];
  do {
    reader.take(SPACE);
    const bare = reader.take(BARE);
    path.push(bare ?? unquote(reader.take(BASIC) ?? reader.take(LITERAL) ?? reader.fail('a name is missing here')));
    reader.take(SPACE);
  } while (reader.takeWord('.'));
  return path;
}

function readEquals(reader: TextReader): void {
  if (!reader.takeWord('=')) reader.fail('an equals sign is missing here');
  reader.take(SPACE);
}

function readValue(reader: TextReader, depth: number): void {
  if (depth > MAX_DEPTH) reader.fail(`more than ${MAX_DEPTH} levels`);
  if (reader.takeWord('[')) readAll(reader, ']', () => readValue(reader, depth + 1));
  else if (reader.takeWord('{')) {
    readAll(reader, '}', () => {
      readKey(reader);
      readEquals(reader);
      readValue(reader, depth + 1);
    });
  } else if (VALUES.every((pattern) => reader.take(pattern) === null)) reader.fail('a value is missing here');
}

function readAll(reader: TextReader, close: string, readOne: () => void): void {
  for (reader.take(BLANK); !reader.takeWord(close); reader.take(BLANK)) {
    readOne();
    reader.take(BLANK);
    if (!reader.takeWord(',') && !reader.startsWith(close)) reader.fail(`a comma or ${close} is missing here`);
  }
}

function unquote(quoted: string): string {
  if (quoted.startsWith("'")) return quoted.slice(1, -1);
  // JSON knows neither \e, \x nor \U.
  const json = quoted.replaceAll(/\\(?:(e)|x(..)|U(.{8})|(.))/g, (all, e?: string, x?: string, u?: string) => {
    const hex = e === undefined ? (x ?? u) : '1b';
    return hex === undefined ? all : JSON.stringify(String.fromCodePoint(Number.parseInt(hex, 16))).slice(1, -1);
  });
  return JSON.parse(json.replaceAll('\t', String.raw`\t`)) as string;
}

function refuseRepeated(statements: readonly Statement[]): void {
  const seen = new Set<string>();
  for (const { kind, path, start } of statements) {
    const key = JSON.stringify(path);
    if (kind === 'list') {
      // Each element of a list of tables starts afresh.
      for (const other of seen) if (other.startsWith(`${key.slice(0, -1)},`)) seen.delete(other);
    } else if (seen.has(key)) {
      throw new DocumentError(start, `${path.join('.')} stands here a second time`);
    } else seen.add(key);
  }
}
