import { argumentVariable } from '../../../core/argument-variable.ts';
import type { Parameter } from '../../../core/declared-tool.ts';
import { fromBuiltin, NAMING, READING } from './builtins.ts';
import { createFiles } from './files.ts';
import { createInputs, mayRead, readFiles } from './inputs.ts';
import type { Inputs } from './inputs.ts';
import type { Argument } from './finding.ts';
import type { Command, Range, Reading, Source, VariableUse, Word } from './reading.ts';

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
  /** Those that the script writes into the file that a word names. */
  writtenTo(named: Range): readonly Parameter[];
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

/** What a script is called with by the one around it. */
export interface Given {
  readonly held: ReadonlyMap<string, Iterable<Parameter>>;
  /** `$0`, `$1` and so on, with the values in each; what is read there again and again is `more`. */
  readonly args: readonly (readonly Parameter[])[];
  readonly more: readonly Parameter[];
  readonly input: readonly Parameter[];
  /** What `"$@"` comes to, as far as it is known. */
  readonly words: readonly Argument[];
}

const NOTHING: Given = { held: new Map(), args: [], more: [], input: [], words: [] };

/** Variables that the shell sets to what commands before were given. */
const SET_BY_SHELL = new Set(['_', 'OPTARG', 'BASH_REMATCH', 'MATCH', 'match']);
const POSITIONAL = /^(?:[\d@*]|argv)$/;

/** Follows values through assignments, until no more variables hold them. */
export function traceValues(reading: Reading, parameters: readonly Parameter[], given: Given = NOTHING): Flow {
  const byName = new Map(parameters.map((each) => [each.name, each]));
  const held = new Map<string, Set<Parameter>>(
    parameters.map((each) => [argumentVariable(each.name), new Set([each])]),
  );
  for (const [name, values] of given.held) held.set(name, new Set([...(held.get(name) ?? []), ...values]));
  const places = [...reading.placeholders.values()];
  const uses = [...reading.uses, ...findImplied(reading)].toSorted((one, other) => one.start - other.start);
  const commands = reading.commands.toSorted((one, other) => one.start - other.start);
  const files = createFiles(reading);
  const inputs = createInputs(reading, files);
  const named = new Map(commands.map((each) => [each, readFiles(each, files)]));
  const filed = new Map(commands.map((each) => [each, new Set<Parameter>()]));
  const read = new Map(commands.map((each) => [each, new Set<Parameter>(given.input)]));
  const called = [...given.args.flat(), ...given.more];
  const inherited = uses.flatMap(({ name }) => [...(given.held.get(name) ?? [])]);
  const used = [...findUsed(reading, parameters), ...called, ...given.input, ...inherited];
  const isShifted = isCalled(reading) || reading.commands.some(({ words: [first] }) => first?.literal === 'shift');
  const positional = isCalled(reading) ? used : [];
  const calledWith = (name: string): readonly Parameter[] =>
    isShifted || !/^\d$/.test(name) ? called : (given.args[Number(name)] ?? given.more);
  const valuesUsed = ({ name }: Pick<VariableUse, 'name'>): Iterable<Parameter> => {
    if (POSITIONAL.test(name)) return [...positional, ...calledWith(name), ...(held.get('argv') ?? [])];
    return SET_BY_SHELL.has(name) ? used : (held.get(name) ?? []);
  };
  const counted = reading.substitutions.filter((each) => printsNumber(reading, each));
  const valuesIn = (range: Source): readonly Parameter[] => {
    const found = new Set<Parameter>();
    const numbers = counted.filter(({ start, end }) => start >= range.start && end <= range.end);
    const isCounted = (offset: number): boolean => numbers.some((each) => offset >= each.start && offset < each.end);
    for (const { start, name } of findIn(places, range)) {
      const parameter = byName.get(name);
      if (parameter !== undefined && !isCounted(start)) found.add(parameter);
    }
    for (const use of findIn(uses, range)) {
      if (!isCounted(use.start)) for (const each of valuesUsed(use)) found.add(each);
    }
    // What a command prints may be what it reads.
    for (const command of findIn(commands, range.piped === true ? range : { ...range, start: range.start + 1 })) {
      if (found.size === parameters.length) break;
      if (isCounted(command.start)) continue;
      for (const each of filed.get(command) ?? []) found.add(each);
      if (mayRead(command, reading)) for (const each of read.get(command) ?? []) found.add(each);
    }
    return [...found];
  };
  const sets = findAssignments(reading, inputs);
  const grow = (into: Set<Parameter>, ranges: readonly Source[]): boolean => {
    const before = into.size;
    if (before === parameters.length) return false;
    for (const range of ranges) for (const each of valuesIn(range)) into.add(each);
    return into.size > before;
  };
  for (let grown = true; grown;) {
    grown = false;
    for (const { name, range } of sets) {
      const into = held.get(name) ?? new Set();
      held.set(name, into);
      grown = grow(into, [range]) || grown;
    }
    for (const [command, into] of read) grown = grow(into, inputs(command)) || grown;
    for (const [command, into] of filed) grown = grow(into, named.get(command) ?? []) || grown;
  }
  const namesIn = ({ start, end }: Range): readonly string[] => {
    const numbers = counted.filter((each) => each.start >= start && each.end <= end);
    return [...reading.text.slice(start, end).matchAll(/[A-Za-z_]\w*/g)]
      .filter(({ index }) => !numbers.some((each) => start + index >= each.start && start + index < each.end))
      .map(([name]) => name);
  };
  const evaluatedIn = (range: Source): readonly Parameter[] => {
    const found = new Set<Parameter>();
    const names = new Set<string>();
    const ranges = [range];
    for (const each of ranges) {
      for (const value of valuesIn(each)) found.add(value);
      for (const name of namesIn(each)) {
        if (names.has(name)) continue;
        names.add(name);
        for (const value of valuesUsed({ name })) found.add(value);
        ranges.push(...sets.filter((set) => set.name === name).map((set) => set.range));
      }
    }
    return [...found];
  };
  const marked = findMarked(reading);
  return {
    valuesIn,
    held,
    called: given.args.map((each, index) => [...each, ...calledWith(String(index))]),
    words: isShifted ? [] : given.words,
    readBy: (command) => [...(read.get(command) ?? [])],
    inputs,
    writtenTo: (range) => files(range).flatMap(valuesIn),
    evaluatedIn,
    evaluated: sets.filter(({ name }) => marked.has(name)).map(({ range }) => range),
    sets,
    assigned: new Set(sets.map(({ name }) => name)),
    isBegunByCallers: (range) =>
      isBegun(reading.text, range, sets, new Set()) || isArgument(reading.text, range, given),
  };
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

/** What a function is called with is not followed: its `$1` may hold any value that the script uses at all. */
function isCalled({ functions, hidesInputs, commands }: Reading): boolean {
  return hidesInputs || functions.size > 0 || commands.some(({ words: [first] }) => first?.literal === 'set');
}

/** Variables that are declared as numbers, or as names of others. */
function findMarked({ commands }: Reading): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { words } of commands) {
    const [builtin, ...operands] = fromBuiltin(words);
    const name = builtin?.literal ?? '';
    if (!NAMING.has(name) || name === 'unset') continue;
    const marks = operands.some(({ literal }) => /^-\w*[inEF]/.test(literal ?? ''));
    if (!marks && !['integer', 'float', 'nameref'].includes(name)) continue;
    for (const { prefix } of operands) found.add(/^\w*/.exec(prefix)?.[0] ?? '');
  }
  return found;
}

function findUsed(reading: Reading, parameters: readonly Parameter[]): readonly Parameter[] {
  const names = new Set([...reading.placeholders.values()].map(({ name }) => name));
  const variables = new Set(reading.uses.map(({ name }) => name));
  return parameters.filter(({ name }) => names.has(name) || variables.has(argumentVariable(name)));
}

/** Whether what a substitution comes to is a number, whatever it counts: `$(wc -l < "{{path}}")`. */
function printsNumber({ commands }: Reading, { start, end }: Range): boolean {
  const last = commands
    .filter((each) => each.start >= start && each.start < end)
    .toSorted((one, other) => other.start - one.start)[0];
  // Behind `;` or `&&` it is not all that is printed, nor is it in a compound command.
  if (last === undefined || last.depth > 0 || (last.fedFrom ?? last.start) !== start + 2) return false;
  const [name, ...rest] = last.words;
  if (name?.literal === 'wc') return rest.every(({ literal }) => literal?.startsWith('-') === true);
  return name?.literal === 'nproc' || (name?.literal === 'date' && rest.length === 1 && rest[0]?.literal === '+%s');
}

interface Assignment {
  readonly name: string;
  readonly range: Source;
}

function findAssignments(reading: Reading, inputs: Inputs): readonly Assignment[] {
  const defaults = reading.uses.filter(({ braced }) => braced).map((use) => ({ name: use.name, range: use }));
  return [
    ...defaults.filter(({ range }) => isDefault(reading, range)),
    ...reading.commands.flatMap((command) => assignmentsOf(command, inputs)),
  ];
}

/** `${x:=…}` sets x. */
function isDefault({ text }: Reading, { start, end }: Range): boolean {
  return /^\$\{\w+:?=/.test(text.slice(start, end));
}

function assignmentsOf(command: Command, inputs: Inputs): readonly Assignment[] {
  const { words, assignments } = command;
  const own = assignments.map(({ name, start, end }) => ({ name, range: { start, end } }));
  const [first, ...operands] = fromBuiltin(words);
  const builtin = first?.literal ?? '';
  const whole = { start: first?.start ?? 0, end: words.at(-1)?.end ?? 0 };
  if (builtin === 'cd' || builtin === 'pushd') return [...own, { name: 'PWD', range: whole }];
  if (builtin === 'printf' || builtin === 'print') return [...own, ...namesOf(printedTo(operands), whole)];
  if (builtin === 'set') return [...own, ...operands.flatMap(({ prefix }) => namesOf(prefix, whole))];
  if (builtin === 'for' || builtin === 'select') return [...own, ...loopOf(command)];
  if (NAMING.has(builtin))
    return [...own, ...operands.flatMap(({ prefix, start, end }) => namesOf(prefix, { start, end }))];
  if (!READING.has(builtin)) return own;
  const names = [...operands.map(({ prefix }) => prefix.replace(/^-\w*?[aA]/, '')), 'REPLY', 'MAPFILE', 'reply'];
  // The command itself stands for all that it may read.
  const ranges = [...inputs(command), { start: command.start, end: command.start + 1, piped: true }];
  return [...own, ...names.flatMap((name) => ranges.flatMap((range) => namesOf(name, range)))];
}

/** The variable after -v, or right behind it. */
function printedTo([first, second]: readonly Word[]): string {
  const attached = /^-\w*?v(.*)$/.exec(first?.prefix ?? '')?.[1];
  return attached === '' ? (second?.prefix ?? '') : (attached ?? '');
}

function namesOf(prefix: string, range: Range): readonly Assignment[] {
  const name = /^[A-Za-z_]\w*/.exec(prefix)?.[0];
  return name === undefined ? [] : [{ name, range }];
}

function loopOf({ words: [, variable, ...list] }: Command): readonly Assignment[] {
  const name = variable?.literal;
  const [first] = list;
  const last = list.at(-1);
  if (typeof name !== 'string') return [];
  return [{ name, range: { start: (first ?? variable)?.start ?? 0, end: (last ?? variable)?.end ?? 0 } }];
}

/** `for x` without a list runs over what the script was called with. */
function findImplied({ commands }: Reading): readonly VariableUse[] {
  return commands.flatMap(({ words: [loop, variable, list] }) =>
    (loop?.literal === 'for' || loop?.literal === 'select') && variable !== undefined && list === undefined
      ? [{ name: '@', start: variable.start, end: variable.end, braced: false, guarded: false, split: false }]
      : [],
  );
}

/** `$1` with what callers write from its beginning. */
function isArgument(text: string, { start, end }: Range, { words }: Given): boolean {
  const [, number] = /^["']?\$\{?([1-9])/.exec(text.slice(start, end)) ?? [];
  const word = words[Number(number) - 1];
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
