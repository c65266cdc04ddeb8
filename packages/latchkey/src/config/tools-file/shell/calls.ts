import { argumentVariable } from '../../../core/argument-variable.ts';
import type { Parameter } from '../../../core/declared-tool.ts';
import type { Given } from './given.ts';
import type { Reading } from './reading.ts';

/** What a script, and its functions, are called with. */
export interface Calls {
  /** Those that the script uses at all, however they came to it. */
  readonly used: readonly Parameter[];
  /** Those in `$1`, `$@` and the like, or in `argv`, which hold them too. */
  readonly valuesIn: (name: string) => readonly Parameter[];
  /** Which argument is which cannot be told from their numbers. */
  readonly shifted: boolean;
}

export function createCalls(reading: Reading, parameters: readonly Parameter[], given: Given): Calls {
  const called = [...given.args.flat(), ...given.more];
  const inherited = reading.uses.flatMap(({ name }) => [...(given.held.get(name) ?? [])]);
  const stored = given.written.flatMap(({ contents }) => [...contents]);
  const used = [...findUsed(reading, parameters), ...called, ...given.input, ...inherited, ...stored];
  const isUnknown = isCalled(reading);
  const shifted = isUnknown || reading.commands.some(({ words: [first] }) => first?.literal === 'shift');
  const calledWith = (name: string): readonly Parameter[] =>
    shifted || !/^\d$/.test(name) ? called : (given.args[Number(name)] ?? given.more);
  return { used, valuesIn: (name) => [...(isUnknown ? used : []), ...calledWith(name)], shifted };
}

/** What a function is called with is not followed: its `$1` may hold any value that the script uses at all. */
function isCalled({ functions, hidesInputs, commands }: Reading): boolean {
  return hidesInputs || functions.size > 0 || commands.some(({ words: [first] }) => first?.literal === 'set');
}

function findUsed(reading: Reading, parameters: readonly Parameter[]): readonly Parameter[] {
  const names = new Set([...reading.placeholders.values()].map(({ name }) => name));
  const variables = new Set(reading.uses.map(({ name }) => name));
  return parameters.filter(({ name }) => names.has(name) || variables.has(argumentVariable(name)));
}
