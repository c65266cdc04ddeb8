import path from 'node:path';
import type { Parameter } from '../../../core/declared-tool.ts';
import { isExec, READING } from './builtins.ts';
import type { Command, Range, Reading, Source, Word } from './reading.ts';
import { findTexts } from './texts.ts';

/** What a script writes into files, as far as words and variables tell which those are. */
export interface Files {
  /** What may be in the file that a word names. */
  readonly in: (named: Range) => readonly Source[];
  /** What may be in the files whose names are printed there: by `find`, `ls` or `echo`. */
  readonly listedIn: (range: Range) => readonly Source[];
  readonly all: readonly Written[];
}

export interface Written {
  /** What the file may be called; empty for one of another tool, which is known by its path alone. */
  readonly names: readonly string[];
  readonly paths: readonly string[];
  /** What is known so far to be in it. */
  readonly contents: Set<Parameter>;
  /** Where that stands in the script; null when the one around it has written it. */
  readonly source: Source | null;
}

/** Programs whose operands name files that they write: all of them, or the last. */
const WRITING = new Set(['tee', 'sponge']);
const COPYING = new Set(['cp', 'mv', 'ln', 'install', 'rsync', 'scp']);
/** Programs with options that do. */
const SAVING = new Set(['curl', 'wget', 'sort', 'dd']);
const OUTPUT = /^(?:-\w*[oO]|--output(?:-document)?)$/;
const ATTACHED = /^(?:of=|--output(?:-document)?=|-\w*?[oO](?=.))/;
/** What may stand right before the name of a file: `-javaagent:`, `ENV=`, `--file=`, `@`. */
const BEFORE_NAME = /^(?:[A-Za-z_]\w*\+?=|--?[\w-]+[=:]|@|-\w*?[oO](?=.))/;
const LISTS = /\b(?:find|fd|fdfind|ls)\b/;
const LISTING = new Set(['find', 'fd', 'fdfind', 'ls']);

/** What stands for text that is not known: a value, a variable, a pattern of names. */
const OPEN = /\{\{[\w-]+\}\}|\$\{[^}]*\}|\$\w+|[*?]|\[[^\]]*\]/;
/** More names for one file than these are none that anybody means. */
const MOST = 32;
const VARIABLE = /^\$\{?(\w+)\}?$/;

/**
 * Which of two files of one name is meant is not asked. `before` are those of the script around this one, and of other
 * tools; `directory` is where relative paths begin.
 */
export function createFiles(reading: Reading, before: readonly Written[], directory = ''): Files {
  const { text, commands, groups } = reading;
  const texts = new Map([...findTexts(reading), ...findListed(reading)]);
  const waysOf = remember((written: string) => findWays(written, texts));
  const namesOf = (written: string): readonly string[] => waysOf(written).map(toName);
  const moves = commands.some(({ words: [first] }) => first?.literal === 'cd' || first?.literal === 'pushd');
  const pathsOf = remember((written: string) =>
    waysOf(written).flatMap((way) => toPaths(way, moves ? null : directory)),
  );
  const toFile = ({ start, end }: Range): string => text.slice(start, end).replace(BEFORE_NAME, '');
  const all = new Map(before.map((each, at) => [String(at), each]));
  const add = (source: Range, outputs: readonly Range[]): void => {
    for (const output of outputs) {
      // Of commands that can be read in several ways one is enough.
      const key = `${output.start} ${source.start} ${source.end}`;
      const file = toFile(output);
      const kept = { contents: new Set<Parameter>(), source: { ...source, piped: true } };
      all.set(key, { names: namesOf(file), paths: pathsOf(file), ...kept });
    }
  };
  for (const group of groups) add(group, group.outputs);
  for (const command of commands) add(sourceOf(command, text), findOutputs(command));
  const findNamed = remember((name: string) =>
    [...all.values()].filter(({ names }) => names.some((each) => mayBeSame(each, name))),
  );
  const find = remember((written: string): readonly Source[] => {
    const paths = pathsOf(written);
    const elsewhere = before.filter((each) => each.names.length === 0 && each.paths.some((own) => paths.includes(own)));
    const found = new Set([...namesOf(written).flatMap(findNamed), ...elsewhere]);
    return [...found].map(({ contents }) => ({ start: 0, end: 0, values: contents }));
  });
  return {
    in: (named) => (all.size === 0 ? [] : find(toFile(named))),
    listedIn: ({ start, end }) => (all.size === 0 ? [] : listNames(text.slice(start, end)).flatMap(find)),
    all: [...all.values()],
  };
}

/** What a function returns is made once for each text. */
function remember<Result>(make: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    const result = known.get(text) ?? make(text);
    known.set(text, result);
    return result;
  };
}

/** The command itself, whose input is followed from there; after `exec >file` all that the script prints. */
function sourceOf(command: Command, { length }: string): Range {
  if (isExec(command)) return { start: 0, end: length };
  const { start, words, outputs } = command;
  return { start, end: Math.max(words.at(-1)?.end ?? start, ...outputs.map(({ end }) => end)) };
}

function findOutputs({ words, outputs }: Command): readonly Range[] {
  const [name, ...operands] = words;
  const program = name?.literal ?? '';
  if (WRITING.has(program)) return [...outputs, ...operands];
  if (COPYING.has(program)) return [...outputs, ...operands.slice(-1)];
  if (!SAVING.has(program)) return outputs;
  return [...outputs, ...operands.filter((each, at) => isOutput(each, operands[at - 1]))];
}

function isOutput({ prefix }: Word, before: Word | undefined): boolean {
  return ATTACHED.test(prefix) || OUTPUT.test(before?.literal ?? '');
}

/** The texts that a word may come to; one that nobody can tell is its variable. */
function findWays(written: string, texts: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found = new Set<string>();
  const ways = [written];
  for (const way of ways) {
    const plain = way.replace(/["'\\]/g, '');
    const name = toName(plain);
    if (plain === '' || found.has(plain)) continue;
    if (/[()`]/.test(name)) {
      ways.push(...(LISTS.test(way) ? listNames(way) : []));
      continue;
    }
    found.add(plain);
    // So many that it may be any.
    if (found.size > MOST) return ['*'];
    const variable = VARIABLE.exec(plain)?.[1];
    if (variable !== undefined) ways.push(...(texts.get(variable) ?? []));
  }
  return [...found];
}

/** The name of a file without its folders. */
function toName(way: string): string {
  const variable = VARIABLE.exec(way)?.[1];
  return variable === undefined ? way.slice(way.lastIndexOf('/') + 1) : `$${variable}`;
}

/** A path that is written out; `directory` is null where nobody knows what a relative one is relative to. */
function toPaths(way: string, directory: string | null): readonly string[] {
  const home = way.replace(/^(?:~|\$\{HOME\}|\$HOME)(?=\/)/, '');
  if (home !== way) return OPEN.test(home) ? [] : [`~${path.posix.normalize(home)}`];
  if (OPEN.test(way) || (directory === null && !way.startsWith('/'))) return [];
  return [path.posix.resolve(directory ?? '/', way)];
}

/** The names of files that commands may print, as they or their patterns are written. */
function listNames(text: string): readonly string[] {
  const patterns = [...text.matchAll(/-i?name\s+("[^"]*"|'[^']*'|\S+)/g)].map(([, pattern = '']) => pattern);
  if (LISTS.test(text)) return patterns.length > 0 ? patterns : ['*'];
  return /\b(?:echo|printf)\b/.test(text) ? text.split(/[\s|;&()]+/) : [];
}

/** Variables that may hold the names of files which commands of the script list: `find … | while read -r f`. */
function findListed({ commands, text }: Reading): ReadonlyMap<string, readonly string[]> {
  const lists = commands.filter(({ words: [first] }) => LISTING.has(first?.literal ?? ''));
  const printed = lists.map(({ start, words }) => `$(${text.slice(start, words.at(-1)?.end ?? start)})`);
  const reads = printed.length === 0 ? [] : commands.filter(({ words: [first] }) => READING.has(first?.literal ?? ''));
  return new Map(reads.flatMap(({ words }) => words.slice(1).map(({ prefix }) => [prefix, printed])));
}

function mayBeSame(one: string, other: string): boolean {
  if (one === other) return true;
  if (VARIABLE.test(one) || VARIABLE.test(other)) return false;
  const [first, second] = [one.split(OPEN), other.split(OPEN)];
  if (first.length === 1) return fits(second, one);
  return second.length === 1 ? fits(first, other) : haveOneEnd(first, second);
}

/** Whether a name is made of such parts, with anything between them. */
function fits(parts: readonly string[], name: string): boolean {
  const [head = '', ...rest] = parts;
  const tail = rest.pop();
  if (tail === undefined || !name.startsWith(head) || !name.endsWith(tail)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= name.length - tail.length;
}

function haveOneEnd(first: readonly string[], second: readonly string[]): boolean {
  const [head = '', tail = ''] = [first[0], first.at(-1)];
  const [otherHead = '', otherTail = ''] = [second[0], second.at(-1)];
  return (
    (head.startsWith(otherHead) || otherHead.startsWith(head)) && (tail.endsWith(otherTail) || otherTail.endsWith(tail))
  );
}
