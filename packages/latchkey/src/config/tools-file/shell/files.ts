import { isExec } from './builtins.ts';
import type { Command, Range, Reading, Source, Word } from './reading.ts';
import { findTexts } from './texts.ts';

/** What a script writes into files, as far as words and variables tell which those are. */
export interface Files {
  /** What is written into the file that a word names. */
  readonly in: (named: Range) => readonly Source[];
  readonly all: readonly Written[];
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
const VARIABLE = /^\$\{?(\w+)\}?$/;

export interface Written {
  /** What the file may be called. */
  readonly names: readonly string[];
  readonly source: Source;
}

/** Which of two files of one name is meant is not asked. `before` are those of the script around this one. */
export function createFiles(reading: Reading, before: readonly Written[]): Files {
  const { text, commands, groups } = reading;
  const texts = findTexts(reading);
  const known = new Map<string, readonly string[]>();
  const namesOf = ({ start, end }: Range): readonly string[] => {
    const written = text.slice(start, end).replace(ATTACHED, '');
    const names = known.get(written) ?? findNames(written, texts, new Set());
    known.set(written, names);
    return names;
  };
  const toWritten = (source: Source, outputs: readonly Range[]): readonly Written[] =>
    outputs.map((each) => ({ names: namesOf(each), source: { ...source, piped: true } }));
  const all = [
    ...before,
    ...groups.flatMap((group) => toWritten(group, group.outputs)),
    ...commands.flatMap((command) => toWritten(sourceOf(command, text), findOutputs(command))),
  ];
  const find = (named: Range): readonly Source[] => {
    const names = all.length === 0 ? [] : namesOf(named);
    return all
      .filter((each) => each.names.some((one) => names.some((other) => mayBeSame(one, other))))
      .map(({ source }) => source);
  };
  return { in: find, all };
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
function findNames(
  written: string,
  texts: ReadonlyMap<string, readonly string[]>,
  seen: ReadonlySet<string>,
): readonly string[] {
  const plain = written.replace(/["'\\]/g, '');
  const variable = VARIABLE.exec(plain)?.[1];
  if (variable !== undefined) {
    if (seen.has(variable)) return [];
    const own = texts.get(variable) ?? [];
    return [`$${variable}`, ...own.flatMap((each) => findNames(each, texts, new Set([...seen, variable])))];
  }
  const name = plain.slice(plain.lastIndexOf('/') + 1);
  return name === '' || /[()`]/.test(name) ? [] : [name];
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
