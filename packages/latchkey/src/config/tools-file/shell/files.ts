import type { Parameter } from '../../../core/declared-tool.ts';
import { isExec } from './builtins.ts';
import type { Command, Range, Reading, Source, Word } from './reading.ts';
import { findTexts } from './texts.ts';

/** What a script writes into files, as far as words and variables tell which those are. */
export interface Files {
  /** What may be in the file that a word names. */
  readonly in: (named: Range) => readonly Source[];
  readonly all: readonly Written[];
}

export interface Written {
  /** What the file may be called. */
  readonly names: readonly string[];
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

/** What stands for text that is not known: a value, a variable, a pattern of names. */
const OPEN = /\{\{[\w-]+\}\}|\$\{[^}]*\}|\$\w+|[*?]|\[[^\]]*\]/;
/** More names for one file than these are none that anybody means. */
const MOST = 32;
const VARIABLE = /^\$\{?(\w+)\}?$/;

/** Which of two files of one name is meant is not asked. `before` are those of the script around this one. */
export function createFiles(reading: Reading, before: readonly Written[]): Files {
  const { text, commands, groups } = reading;
  const texts = findTexts(reading);
  const namesOf = remember((written: string) => findNames(written, texts));
  const toFile = ({ start, end }: Range): string => text.slice(start, end).replace(ATTACHED, '');
  const all = new Map(before.map((each, at) => [String(at), each]));
  const add = (source: Range, outputs: readonly Range[]): void => {
    for (const output of outputs) {
      // Of commands that can be read in several ways one is enough.
      const key = `${output.start} ${source.start} ${source.end}`;
      all.set(key, { names: namesOf(toFile(output)), contents: new Set(), source: { ...source, piped: true } });
    }
  };
  for (const group of groups) add(group, group.outputs);
  for (const command of commands) add(sourceOf(command, text), findOutputs(command));
  const findNamed = remember((name: string) =>
    [...all.values()].filter(({ names }) => names.some((each) => mayBeSame(each, name))),
  );
  const find = remember((written: string): readonly Source[] =>
    [...new Set(namesOf(written).flatMap(findNamed))].map(({ contents }) => ({ start: 0, end: 0, values: contents })),
  );
  return { in: (named) => (all.size === 0 ? [] : find(toFile(named))), all: [...all.values()] };
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

/** The names that a word may come to, without their folders; one that nobody can tell is that of its variable. */
function findNames(written: string, texts: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const names = new Set<string>();
  const ways = [written];
  for (const way of ways) {
    const plain = way.replace(/["'\\]/g, '');
    const variable = VARIABLE.exec(plain)?.[1];
    const name = variable === undefined ? plain.slice(plain.lastIndexOf('/') + 1) : `$${variable}`;
    if (name === '' || names.has(name) || /[()`]/.test(name)) continue;
    names.add(name);
    // So many that it may be any.
    if (names.size > MOST) return ['*'];
    if (variable !== undefined) ways.push(...(texts.get(variable) ?? []));
  }
  return [...names];
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
