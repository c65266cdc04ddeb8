import { argumentVariable } from '../../../core/argument-variable.ts';
import type { Parameter } from '../../../core/declared-tool.ts';
import { findPlaceholders } from '../placeholder.ts';
import type { Placeholder } from '../placeholder.ts';
import { readCommands } from './commands.ts';
import { isFixed } from '../fixed-values.ts';
import { traceValues } from './flow.ts';
import type { Written } from './files.ts';
import { NOTHING, type Given } from './given.ts';
import { judgePositions } from './positions.ts';
import type { JudgeInner } from './positions.ts';
import { Unreadable } from './reading.ts';
import type { Dialect, Reading, Refusal, VariableUse } from './reading.ts';
import { resolveNames } from './resolving.ts';

/** A script in which every placeholder has become a reference that fits the quotes around it. */
export interface SafeScript {
  readonly script: string;
  /** Each with its place in the text as it was; with any, the script may not run. */
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Refusal[];
  /** Variables that it reads and does not set itself. */
  readonly uses: readonly VariableUse[];
  /** It reads other scripts, which may set what it reads. */
  readonly readsOthers: boolean;
}

/** Of a script with values; longer ones stand better in a file. */
const MAX_LENGTH = 20_000;

/**
 * Makes a script safe to run with any values: they reach it as variables only, never as text of it. What cannot be made
 * safe is refused. Never throws; a script that uses no value is taken as it is, even where it cannot be read.
 */
export function secureScript(
  text: string,
  parameters: readonly Parameter[],
  dialect: Dialect,
  given: Given = NOTHING,
): SafeScript {
  const known = new Set(parameters.map(({ name }) => name));
  const places = findPlaceholders(text, known);
  const reading = createReading(text, places, dialect);
  const usesValues = places.length > 0 || parameters.some(({ name }) => text.includes(argumentVariable(name)));
  const unreadable = readAll(reading);
  const refusals = [...reading.refusals];
  if (unreadable !== null && usesValues) {
    const message = `the script cannot be made safe with values in it: it ${unreadable.message}; write script: {command, args}, or use $GANTZ_ARG_… in a file of its own`;
    refusals.push({ offset: unreadable.offset, message });
  }
  if (usesValues && text.length > MAX_LENGTH)
    refusals.push({
      offset: 0,
      message: 'the script is too long to be made safe with values in it; write it to a file of its own',
    });
  reading.commands.push(...resolveNames(reading));
  const flow = traceValues(reading, parameters, given);
  const judged = judgePositions(reading, flow, (inner, own) =>
    judgeInner(inner.text, inner.dialect ?? dialect, parameters, own),
  );
  const unknown = places
    .filter(({ name, start }) => !known.has(name) && !isDropped(reading, start))
    .map(({ start }) => ({ offset: start, message: 'is no parameter of this tool' }));
  return {
    script: applyEdits(reading),
    refusals: dedupe([...unknown, ...refusals, ...judged.refusals], text),
    warnings: dedupe([...judged.warnings, ...warnOfSplitting(reading, parameters)], text),
    uses: reading.uses.filter(({ name }) => /^[A-Za-z_]/.test(name) && !flow.assigned.has(name)),
    readsOthers: reading.commands.some(({ words: [first] }) => ['.', 'source', 'eval'].includes(first?.literal ?? '')),
  };
}

/** The files into which a script writes what callers choose freely, as far as their whole paths stand in it. */
export function findStored(
  text: string,
  parameters: readonly Parameter[],
  dialect: Dialect,
  directory: string,
): readonly Written[] {
  const reading = createReading(text, findPlaceholders(text, new Set(parameters.map(({ name }) => name))), dialect);
  readAll(reading);
  return traceValues(reading, parameters, { ...NOTHING, directory })
    .written.map((each) => ({
      ...each,
      names: [],
      contents: new Set([...each.contents].filter((one) => !isFixed(one))),
    }))
    .filter(({ paths, contents }) => paths.length > 0 && contents.size > 0);
}

/** What is wrong with a script that is an argument of a shell, given what it is called with; null when nothing is. */
export function judgeInner(
  text: string,
  dialect: Dialect,
  parameters: readonly Parameter[],
  given: Given,
): string | null {
  const reading = createReading(text, [], dialect);
  const unreadable = readAll(reading);
  reading.commands.push(...resolveNames(reading));
  const judge: JudgeInner = (inner, own) => judgeInner(inner.text, inner.dialect ?? dialect, parameters, own);
  const { refusals } = judgePositions(reading, traceValues(reading, parameters, given), judge);
  const [found] = refusals;
  if (found !== undefined) return `${nameAt(text, found.offset)} ${found.message}`;
  const stored = given.written.flatMap(({ contents }) => [...contents]);
  const reached = [...given.args.flat(), ...given.more, ...given.input, ...stored, ...heldIn(text, given, parameters)];
  return unreadable === null || reached.every(isFixed) ? null : `values cannot be followed: it ${unreadable.message}`;
}

function heldIn(text: string, { held }: Given, parameters: readonly Parameter[]): readonly Parameter[] {
  const names = new Set(text.match(/[A-Za-z_]\w*/g));
  return [
    ...[...names].flatMap((name) => [...(held.get(name) ?? [])]),
    ...parameters.filter(({ name }) => names.has(argumentVariable(name))),
  ];
}

function createReading(text: string, places: readonly Placeholder[], dialect: Dialect): Reading {
  return {
    text,
    dialect,
    placeholders: new Map(places.map((each) => [each.start, each])),
    at: 0,
    depth: 0,
    commands: [],
    uses: [],
    arithmetic: [],
    readTwice: [],
    substitutions: [],
    groups: [],
    command: null,
    functions: new Set(),
    hidesInputs: false,
    edits: [],
    refusals: [],
    readNested: (nested) => readCommands(nested, ')'),
  };
}

function readAll(reading: Reading): Unreadable | null {
  try {
    readCommands(reading, null);
    return null;
  } catch (error) {
    if (error instanceof Unreadable) return error;
    throw error;
  }
}

function isDropped({ edits }: Reading, offset: number): boolean {
  return edits.some(({ start, text }) => start === offset && text === '');
}

function applyEdits({ text, edits }: Reading): string {
  let at = 0;
  let result = '';
  for (const edit of edits.toSorted((one, other) => one.start - other.start || one.end - other.end)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** One place is told of once, with what was found first; what is said of it begins with what stands there. */
function dedupe(found: readonly Refusal[], text: string): readonly Refusal[] {
  const seen = new Set<number>();
  return found
    .filter(({ offset }) => !seen.has(offset) && seen.add(offset))
    .map(({ offset, message }) => ({
      offset,
      message: message.startsWith('the script ') ? message : `${nameAt(text, offset)} ${message}`,
    }))
    .toSorted((one, other) => one.offset - other.offset);
}

function nameAt(text: string, offset: number): string {
  return /^\s*["']?(\{\{[\w-]+\}\}|\$\{?\w+\}?|[\w./-]+)/.exec(text.slice(offset))?.[1] ?? 'this';
}

/** `$GANTZ_ARG_X` that the file's author wrote without quotes. */
function warnOfSplitting({ uses, dialect }: Reading, parameters: readonly Parameter[]): readonly Refusal[] {
  const names = new Set(parameters.filter(({ type }) => type === 'string').map(({ name }) => argumentVariable(name)));
  if (dialect === 'zsh') return [];
  return uses
    .filter(({ name, split }) => split && names.has(name))
    .map(({ start, name }) => ({
      offset: start,
      message: `is split into words and matched with files; write "$${name}"`,
    }));
}
