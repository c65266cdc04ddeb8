import { fromBuiltin, NAMING, READING } from './builtins.ts';
import type { Inputs } from './inputs.ts';
import type { Command, Range, Reading, Source, Word } from './reading.ts';

/** A variable, and where what it is set to stands. */
export interface Assignment {
  readonly name: string;
  readonly range: Source;
}

/** All that a script sets variables to, by whatever way. */
export function findAssignments(reading: Reading, inputs: Inputs): readonly Assignment[] {
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

/** Variables that are declared as numbers, or as names of others. */
export function findMarked({ commands }: Reading): ReadonlySet<string> {
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
