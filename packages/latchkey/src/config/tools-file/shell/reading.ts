import { argumentVariable } from '../../../core/argument-variable.ts';
import type { Parameter } from '../../../core/declared-tool.ts';
import type { Placeholder } from '../placeholder.ts';

/** How a shell reads what the shells do not read alike. */
export type Dialect = 'sh' | 'bash' | 'dash' | 'zsh' | 'ksh';

/** Part of a script's text; `end` is behind it. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What stands in a range, and what the commands in it read: one that begins at its start too when it is `piped`. */
export interface Source extends Range {
  readonly piped?: boolean;
  /** What is in it that does not stand there. */
  readonly values?: Iterable<Parameter>;
}

export interface Edit extends Range {
  readonly text: string;
}

/** A word of a command, with the quotes around its parts gone. */
export interface Word extends Range {
  /** Null when something in it is expanded. */
  readonly literal: string | null;
  /** What it begins with, as far as nothing is expanded. */
  readonly prefix: string;
  /** Without any quotes, so that it may be a word of the shell's grammar. */
  readonly plain: boolean;
}

export interface Command {
  readonly start: number;
  readonly words: Word[];
  /** `NAME=value` before the first word. */
  readonly assignments: (Range & { readonly name: string })[];
  /** What it is redirected to read, by whatever descriptor: here-documents, here-strings, words after `<`. */
  readonly inputs: Range[];
  /** The words after `>`, which name files that it writes. */
  readonly outputs: Range[];
  /** Where the commands begin whose output it may read through a pipe; null when there are none. */
  readonly fedFrom: number | null;
  /** How many compound commands it is in, inside its substitution. */
  readonly depth: number;
  /** The command whose substitution it is in, and whose inputs it may read. */
  readonly within: Command | null;
}

/** A compound command with what it is redirected to read and to write, as all commands in it may. */
export interface Group extends Range {
  readonly inputs: Range[];
  readonly outputs: Range[];
}

export interface VariableUse extends Range {
  readonly name: string;
  readonly braced: boolean;
  /** `${NAME:-…}` and the like say what holds when it is not set. */
  readonly guarded: boolean;
  /** Its value is split into words and matched with files. */
  readonly split: boolean;
}

export interface Refusal {
  readonly offset: number;
  readonly message: string;
}

/** A script while it is read, and what was found in it. */
export interface Reading {
  readonly text: string;
  readonly dialect: Dialect;
  readonly placeholders: ReadonlyMap<number, Placeholder>;
  at: number;
  /** How many substitutions the present place is in. */
  depth: number;
  readonly commands: Command[];
  readonly uses: VariableUse[];
  readonly arithmetic: Range[];
  /** What shells read twice: text in back-quotes, the word after `>&`, qualifiers of zsh. */
  readonly readTwice: Range[];
  /** Command substitutions. */
  readonly substitutions: (Range & { readonly split: boolean })[];
  readonly groups: Group[];
  /** The command that is being read. */
  command: Command | null;
  /** Names of functions that the script defines. */
  readonly functions: Set<string>;
  /** Which commands read what others print cannot be told from the script. */
  hidesInputs: boolean;
  readonly edits: Edit[];
  readonly refusals: Refusal[];
  /** Reads the commands of a substitution up to its `)`, and that. */
  readonly readNested: (reading: Reading) => void;
}

export type Quoting = 'none' | 'double' | 'single' | 'document';

/** The text cannot be read, or shells read it in different ways. */
export class Unreadable extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = 'Unreadable';
    this.offset = offset;
  }
}

const MAX_DEPTH = 40;

/** Into a substitution or a list; whoever calls it comes back from there by taking one from `depth`. */
export function goDeeper(reading: Reading, offset: number): void {
  if (reading.depth >= MAX_DEPTH) throw new Unreadable(offset, 'is nested too deeply');
  reading.depth += 1;
}

/** A reference to the variable that holds the value, as it has to be spelled between such quotes. */
export function spellReference(parameter: string, quoting: Quoting): string {
  const reference = `\${${argumentVariable(parameter)}}`;
  if (quoting === 'none') return `"${reference}"`;
  return quoting === 'single' ? `'"${reference}"'` : reference;
}

/** Takes the placeholder at the present place, if there is one: it becomes a reference. */
export function takePlaceholder(reading: Reading, quoting: Quoting): boolean {
  const found = reading.placeholders.get(reading.at);
  if (found === undefined) return false;
  reading.edits.push({ start: found.start, end: found.end, text: spellReference(found.name, quoting) });
  reading.at = found.end;
  return true;
}

/** Notes that each placeholder between two places cannot stay there. */
export function refuseBetween(reading: Reading, start: number, end: number, message: string): void {
  for (const { start: offset } of placeholdersBetween(reading, start, end)) reading.refusals.push({ offset, message });
}

export function placeholdersBetween(reading: Reading, start: number, end: number): readonly Placeholder[] {
  return [...reading.placeholders.values()].filter((each) => each.start >= start && each.end <= end);
}

/** The escaped character after a back-slash, and the back-slash, are passed over; a value cannot be escaped. */
export function skipEscaped(reading: Reading): void {
  const next = reading.at + 1;
  if (reading.placeholders.has(next)) {
    reading.refusals.push({ offset: next, message: 'stands right after a back-slash, which would change the quotes' });
  }
  reading.at = reading.placeholders.get(next)?.end ?? Math.min(next + 1, reading.text.length);
}

/** The first placeholder of a range, or its beginning. */
export function placeIn({ placeholders }: Reading, { start, end }: Range): number {
  return [...placeholders.keys()].find((offset) => offset >= start && offset < end) ?? start;
}
