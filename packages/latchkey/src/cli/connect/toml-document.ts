import { DocumentError } from './document.ts';

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
  const statements: Statement[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let table: readonly string[] = [];

  const fail = (message: string, offset = at): never => {
    throw new DocumentError(offset, message);
  };
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  const takeIf = (word: string): boolean => {
    if (!text.startsWith(word, at)) return false;
    at += word.length;
    return true;
  };

  function readKey(): readonly string[] {
    const path: string[] = [];
    do {
      take(SPACE);
      const bare = take(BARE);
      path.push(bare ?? unquote(take(BASIC) ?? take(LITERAL) ?? fail('a name is missing here')));
      take(SPACE);
    } while (takeIf('.'));
    return path;
  }

  function readHeader(start: number): Statement {
    const kind = takeIf('[[') ? 'list' : 'table';
    if (kind === 'table') takeIf('[');
    table = readKey();
    if (!takeIf(kind === 'list' ? ']]' : ']')) fail('a closing bracket is missing here');
    return { kind, path: table, start, end: at };
  }

  function readPair(start: number): Statement {
    const path = [...table, ...readKey()];
    if (!takeIf('=')) fail('an equals sign is missing here');
    take(SPACE);
    readValue(0);
    return { kind: 'pair', path, start, end: at };
  }

  function readValue(depth: number): void {
    if (depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} levels`);
    if (takeIf('[')) return readAll(']', () => readValue(depth + 1));
    if (takeIf('{')) {
      return readAll('}', () => {
        readKey();
        if (!takeIf('=')) fail('an equals sign is missing here');
        take(SPACE);
        readValue(depth + 1);
      });
    }
    if (VALUES.every((pattern) => take(pattern) === null)) fail('a value is missing here');
  }

  function readAll(close: string, readOne: () => void): void {
    for (take(BLANK); !takeIf(close); take(BLANK)) {
      readOne();
      take(BLANK);
      if (!takeIf(',') && !text.startsWith(close, at)) fail(`a comma or ${close} is missing here`);
    }
  }

  for (take(BLANK); at < text.length; take(BLANK)) {
    statements.push(text[at] === '[' ? readHeader(at) : readPair(at));
    if (take(END_OF_LINE) === null) fail('the line goes on where it should end');
  }
  refuseRepeated(statements);
  return statements;
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
