import { argumentVariable } from '../../../core/argument-variable.ts';
import type { Parameter } from '../../../core/declared-tool.ts';
import type { Command, Range, Reading, VariableUse } from './reading.ts';

/** Where the values of parameters get to in a script. */
export interface Flow {
  /** The parameters whose values are part of what stands in a range, straight or by way of variables. */
  valuesIn(range: Range): readonly Parameter[];
  /** Those whose values get to variables of that name. */
  valuesOf(variable: string): readonly Parameter[];
  /** Variables that the script itself sets. */
  readonly assigned: ReadonlySet<string>;
  /** Whether callers write the beginning of a text, and so all that matters of it. */
  isBegunByCallers(range: Range): boolean;
}

/** Builtins whose operands are names of variables, perhaps with a value. */
export const NAMING = new Set(['export', 'local', 'declare', 'typeset', 'readonly', 'integer', 'float', 'unset']);
const READING = new Set(['read', 'mapfile', 'readarray', 'getopts']);

/** Follows values through assignments, until no more variables hold them. */
export function traceValues(reading: Reading, parameters: readonly Parameter[]): Flow {
  const byName = new Map(parameters.map((each) => [each.name, each]));
  const held = new Map<string, Set<Parameter>>(
    parameters.map((each) => [argumentVariable(each.name), new Set([each])]),
  );
  const places = [...reading.placeholders.values()];
  const uses = reading.uses.toSorted((one, other) => one.start - other.start);
  const positional = findPositional(reading, parameters);
  const valuesUsed = ({ name }: VariableUse): Iterable<Parameter> =>
    /^[\d@*]$/.test(name) ? positional : (held.get(name) ?? []);
  const counted = reading.substitutions.filter((each) => printsNumber(reading, each));
  const valuesIn = (range: Range): readonly Parameter[] => {
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
    return [...found];
  };
  const sets = findAssignments(reading);
  for (let grown = true; grown;) {
    grown = false;
    for (const { name, range } of sets) {
      const into = held.get(name) ?? new Set();
      const before = into.size;
      for (const each of valuesIn(range)) into.add(each);
      held.set(name, into);
      grown ||= into.size > before;
    }
  }
  return {
    valuesIn,
    valuesOf: (name) => [...(held.get(name) ?? [])],
    assigned: new Set(sets.map(({ name }) => name)),
    isBegunByCallers: (range) => isBegun(reading.text, range, sets, new Set()),
  };
}

/** Those of a sorted list that begin in a range. */
function findIn<Item extends Range>(sorted: readonly Item[], { start, end }: Range): readonly Item[] {
  const first = findFirst(sorted, start);
  return sorted.slice(first, Math.max(first, findFirst(sorted, end)));
}

function findFirst(sorted: readonly Range[], offset: number): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.start ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a function is called with is not followed: its `$1` may hold any value that the script uses at all. */
function findPositional(reading: Reading, parameters: readonly Parameter[]): readonly Parameter[] {
  const isSet = reading.commands.some(({ words: [first] }) => first?.literal === 'set');
  if (!reading.definesFunctions && !isSet) return [];
  const names = new Set([...reading.placeholders.values()].map(({ name }) => name));
  const variables = new Set(reading.uses.map(({ name }) => name));
  return parameters.filter(({ name }) => names.has(name) || variables.has(argumentVariable(name)));
}

/** Whether what a substitution comes to is a number, whatever it counts: `$(wc -l < "{{path}}")`. */
function printsNumber({ commands }: Reading, { start, end }: Range): boolean {
  const last = commands
    .filter((each) => each.start >= start && each.start < end)
    .toSorted((one, other) => other.start - one.start)[0];
  const [name, ...rest] = last?.words ?? [];
  if (name?.literal === 'wc') return rest.every(({ literal }) => literal?.startsWith('-') === true);
  return name?.literal === 'nproc' || (name?.literal === 'date' && rest.length === 1 && rest[0]?.literal === '+%s');
}

interface Assignment {
  readonly name: string;
  readonly range: Range;
}

function findAssignments(reading: Reading): readonly Assignment[] {
  const defaults = reading.uses.filter(({ braced }) => braced).map((use) => ({ name: use.name, range: use }));
  return [
    ...defaults.filter(({ range }) => isDefault(reading, range)),
    ...reading.commands.flatMap((command) => assignmentsOf(command, reading)),
  ];
}

/** `${x:=…}` sets x. */
function isDefault({ text }: Reading, { start, end }: Range): boolean {
  return /^\$\{\w+:?=/.test(text.slice(start, end));
}

function assignmentsOf(command: Command, reading: Reading): readonly Assignment[] {
  const { words, assignments } = command;
  const own = assignments.map(({ name, start, end }) => ({ name, range: { start, end } }));
  const builtin = words[0]?.literal ?? '';
  if (builtin === 'for' || builtin === 'select') return [...own, ...loopOf(command)];
  if (NAMING.has(builtin))
    return [...own, ...words.slice(1).flatMap(({ prefix, start, end }) => namesOf(prefix, { start, end }))];
  if (!READING.has(builtin)) return own;
  const inputs = inputsOf(command, reading);
  return [...own, ...words.slice(1).flatMap(({ prefix }) => inputs.flatMap((range) => namesOf(prefix, range)))];
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
  return [{ name, range: { start: first?.start ?? 0, end: last?.end ?? 0 } }];
}

/** What a command reads from its standard input, as far as it stands in the script. */
export function inputsOf({ inputs, fedFrom, start }: Command, reading: Reading): readonly Range[] {
  // What a function reads depends on where it is called.
  if (reading.definesFunctions) return [{ start: 0, end: reading.text.length }];
  return [
    ...inputs,
    ...reading.looseInputs,
    ...(fedFrom === null ? [{ start, end: start }] : [{ start: fedFrom, end: start }]),
  ];
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
