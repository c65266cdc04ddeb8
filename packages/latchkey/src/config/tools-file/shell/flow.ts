import { argumentVariable } from '../../../core/argument-variable.ts';
import type { Parameter } from '../../../core/declared-tool.ts';
import { findAssignments, findMarked, type Assignment } from './assignments.ts';
import { createCalls } from './calls.ts';
import { createCounts, type Counts } from './counts.ts';
import { createFiles, type Written } from './files.ts';
import { createInputs, mayRead, readFiles } from './inputs.ts';
import type { Inputs } from './inputs.ts';
import type { Argument } from './finding.ts';
import { NOTHING, type Given } from './given.ts';
import type { Command, Range, Reading, Source, VariableUse } from './reading.ts';

/** Where the values of parameters get to in a script. */
export interface Flow {
  /** The parameters whose values are part of what stands in a range, straight or by way of variables. */
  valuesIn(range: Source): readonly Parameter[];
  /** The values that each variable may hold. */
  readonly held: ReadonlyMap<string, Iterable<Parameter>>;
  /** Those in `$0`, `$1` and so on. */
  readonly called: readonly (readonly Parameter[])[];
  /** What `"$@"` comes to, where that is known. */
  readonly words: readonly Argument[];
  /** The parameters whose values a command may read from its standard input. */
  readBy(command: Command): readonly Parameter[];
  /** Where that stands in the script. */
  readonly inputs: Inputs;
  /** Files that hold values, and where relative paths begin. */
  readonly written: readonly Written[];
  readonly directory: string;
  /** Those that the script writes into the file that a word names. */
  writtenTo(named: Range): readonly Parameter[];
  /** The same for the files whose names are printed there. */
  listedIn(range: Range): readonly Parameter[];
  /** The same as `valuesIn` for a range that is evaluated, in which words are names of variables, and their texts are too. */
  evaluatedIn(range: Source): readonly Parameter[];
  /** What variables are set to that evaluate it, or take it for the name of another: `declare -i x; x=…`. */
  readonly evaluated: readonly Source[];
  /** All that variables are set to. */
  readonly sets: readonly Assignment[];
  /** Variables that the script itself sets. */
  readonly assigned: ReadonlySet<string>;
  /** Whether callers write the beginning of a text, and so all that matters of it. */
  isBegunByCallers(range: Range): boolean;
}

/** Variables that the shell sets to what commands before were given. */
const SET_BY_SHELL = new Set(['_', 'OPTARG', 'BASH_REMATCH', 'MATCH', 'match']);
const POSITIONAL = /^(?:[\d@*]|argv)$/;

/** Follows values through assignments, files and inputs, until no more of these hold them. */
export function traceValues(reading: Reading, parameters: readonly Parameter[], given: Given = NOTHING): Flow {
  const files = createFiles(reading, given.written, given.directory);
  const most = new Set([...parameters, ...given.written.flatMap(({ contents }) => [...contents])]).size;
  const inputs = createInputs(reading, files);
  const sets = findAssignments(reading, inputs);
  const calls = createCalls(reading, parameters, given);
  const held = holdAtFirst(parameters, given);
  const commands = reading.commands.toSorted((one, other) => one.start - other.start);
  const read = new Map(commands.map((each) => [each, new Set<Parameter>(given.input)]));
  const named = new Map(commands.map((each) => [each, readFiles(each, files)]));
  const isCounted = createCounts(reading);
  const heldIn = (name: string): Iterable<Parameter> => {
    if (POSITIONAL.test(name)) return [...calls.valuesIn(name), ...(held.get('argv') ?? [])];
    return SET_BY_SHELL.has(name) ? calls.used : (held.get(name) ?? []);
  };
  const valuesIn = createValues({ reading, parameters, most, commands, isCounted, heldIn, read, named });
  for (const { name } of sets) held.set(name, held.get(name) ?? new Set());
  spread(
    [
      ...sets.map(({ name, range }) => ({ into: held.get(name) ?? new Set(), from: [range] })),
      ...files.all.map(({ contents, source }) => ({ into: contents, from: source === null ? [] : [source] })),
      ...commands.map((each) => ({ into: read.get(each) ?? new Set(), from: inputs(each) })),
    ],
    valuesIn,
    most,
  );
  const marked = findMarked(reading);
  return {
    valuesIn,
    held,
    called: given.args.map((each, index) => [...each, ...calls.valuesIn(String(index))]),
    words: calls.shifted ? [] : given.words,
    readBy: (command) => [...(read.get(command) ?? [])],
    inputs,
    written: files.all.map((each) => ({ ...each, source: null })),
    directory: given.directory,
    writtenTo: (range) => files.in(range).flatMap(({ values = [] }) => [...values]),
    listedIn: (range) => files.listedIn(range).flatMap(({ values = [] }) => [...values]),
    evaluatedIn: (range) => findEvaluated(range, { reading, sets, isCounted, heldIn, valuesIn }),
    evaluated: sets.filter(({ name }) => marked.has(name)).map(({ range }) => range),
    sets,
    assigned: new Set(sets.map(({ name }) => name)),
    isBegunByCallers: (range) =>
      isBegun(reading.text, range, sets, new Set()) || isArgument(reading.text, range, given),
  };
}

/** The variables of parameters, and those that the script around this one sets. */
function holdAtFirst(parameters: readonly Parameter[], { held: before }: Given): Map<string, Set<Parameter>> {
  const held = new Map(parameters.map((each) => [argumentVariable(each.name), new Set([each])]));
  for (const [name, values] of before) held.set(name, new Set([...(held.get(name) ?? []), ...values]));
  return held;
}

interface Trace {
  readonly reading: Reading;
  readonly parameters: readonly Parameter[];
  /** How many values there are at most. */
  readonly most: number;
  /** Sorted by their places. */
  readonly commands: readonly Command[];
  readonly isCounted: Counts;
  /** What a variable holds so far. */
  readonly heldIn: (name: string) => Iterable<Parameter>;
  /** What each command reads so far, and what stands in the files that it names. */
  readonly read: ReadonlyMap<Command, Iterable<Parameter>>;
  readonly named: ReadonlyMap<Command, readonly Source[]>;
}

type ValuesIn = (range: Source) => readonly Parameter[];

function createValues({ reading, parameters, most, commands, isCounted, heldIn, read, named }: Trace): ValuesIn {
  const byName = new Map(parameters.map((each) => [each.name, each]));
  const places = [...reading.placeholders.values()];
  const uses = [...reading.uses, ...findImplied(reading)].toSorted((one, other) => one.start - other.start);
  return (range) => {
    const found = new Set<Parameter>(range.values);
    const add = (values: Iterable<Parameter> = []): void => {
      for (const each of values) found.add(each);
    };
    const skips = isCounted(range);
    for (const { start, name } of findIn(places, range)) {
      const parameter = byName.get(name);
      if (parameter !== undefined && !skips(start)) found.add(parameter);
    }
    for (const { start, name } of findIn(uses, range)) if (!skips(start)) add(heldIn(name));
    // What a command prints may be what it reads.
    for (const command of findIn(commands, range.piped === true ? range : { ...range, start: range.start + 1 })) {
      if (found.size === most) break;
      if (skips(command.start)) continue;
      for (const { values } of named.get(command) ?? []) add(values);
      if (mayRead(command, reading)) add(read.get(command));
    }
    return [...found];
  };
}

interface Spreading {
  readonly into: Set<Parameter>;
  readonly from: readonly Source[];
}

/** Adds what stands in the sources of each to it, until nothing more comes to any; none can hold more than `most`. */
function spread(all: readonly Spreading[], valuesIn: ValuesIn, most: number): void {
  for (let grown = true; grown;) {
    grown = false;
    for (const { into, from } of all) {
      const before = into.size;
      if (before === most) continue;
      for (const range of from) for (const each of valuesIn(range)) into.add(each);
      grown ||= into.size > before;
    }
  }
}

/** In what is evaluated, words are names of variables, and so are those in their texts. */
function findEvaluated(
  range: Source,
  {
    reading,
    sets,
    isCounted,
    heldIn,
    valuesIn,
  }: Pick<Trace, 'reading' | 'isCounted' | 'heldIn'> & {
    readonly sets: readonly Assignment[];
    readonly valuesIn: ValuesIn;
  },
): readonly Parameter[] {
  const found = new Set<Parameter>();
  const names = new Set<string>();
  const ranges = [range];
  for (const each of ranges) {
    for (const value of valuesIn(each)) found.add(value);
    const skips = isCounted(each);
    for (const { 0: name, index } of reading.text.slice(each.start, each.end).matchAll(/[A-Za-z_]\w*/g)) {
      if (names.has(name) || skips(each.start + index)) continue;
      names.add(name);
      for (const value of heldIn(name)) found.add(value);
      ranges.push(...sets.filter((set) => set.name === name).map((set) => set.range));
    }
  }
  return [...found];
}

type Placed = Pick<Range, 'start'>;

/** Those of a sorted list that begin in a range. */
function findIn<Item extends Placed>(sorted: readonly Item[], { start, end }: Range): readonly Item[] {
  const first = findFirst(sorted, start);
  return sorted.slice(first, Math.max(first, findFirst(sorted, end)));
}

function findFirst(sorted: readonly Placed[], offset: number): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.start ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `for x` without a list runs over what the script was called with. */
function findImplied({ commands }: Reading): readonly VariableUse[] {
  return commands.flatMap(({ words: [loop, variable, list] }) =>
    (loop?.literal === 'for' || loop?.literal === 'select') && variable !== undefined && list === undefined
      ? [{ name: '@', start: variable.start, end: variable.end, braced: false, guarded: false, split: false }]
      : [],
  );
}

/** What a word that begins with `$1` or the like begins with. */
export function findArgument(text: string, { start, end }: Range, words: readonly Argument[]): Argument | undefined {
  const [, number] = /^["']?\$\{?([1-9])/.exec(text.slice(start, end)) ?? [];
  return words[Number(number) - 1];
}

function isArgument(text: string, range: Range, { words }: Given): boolean {
  const word = findArgument(text, range, words);
  return word !== undefined && word.free && word.prefix === '';
}

function isBegun(text: string, { start, end }: Range, sets: readonly Assignment[], seen: ReadonlySet<string>): boolean {
  const value = text.slice(start, end).replace(/^[A-Za-z_]\w*\+?=/, '');
  if (/^(?:\$\((?:echo|printf ['"]?%s['"]?) +)?["']?\{\{/.test(value)) return true;
  const name = /^["']?\$\{?([A-Za-z_]\w*)/.exec(value)?.[1];
  if (name === undefined) return false;
  // `q="$q LIMIT 10"` leaves the beginning as it is.
  if (name.startsWith('GANTZ_ARG_') || seen.has(name)) return true;
  const own = sets.filter((each) => each.name === name);
  return own.length > 0 && own.every(({ range }) => isBegun(text, range, sets, new Set([...seen, name])));
}
