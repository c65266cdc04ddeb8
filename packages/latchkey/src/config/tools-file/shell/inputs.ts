import { BEFORE } from './builtins.ts';
import { isStandardInput } from './program.ts';
import type { Command, Reading, Source } from './reading.ts';

/** What a command may read from its standard input, or from another descriptor, as far as it stands in the script. */
export type Inputs = (command: Command) => readonly Source[];

/** Never read their standard input. */
const DEAF = new Set(
  'echo printf : true false test [ [[ export local cd pwd date nproc hostname whoami id uname ls basename dirname realpath readlink mktemp seq stat df sleep'.split(
    ' ',
  ),
);

/** However it is spelled, an input counts for all commands that it reaches, and for those in their substitutions. */
export function createInputs(reading: Reading): Inputs {
  const whole = [{ start: 0, end: reading.text.length }];
  const lasting = reading.commands.filter(isExec).flatMap(({ inputs }) => inputs);
  const inputsOf = (command: Command): readonly Source[] => {
    if (reading.hidesInputs || callsFunction(command, reading)) return whole;
    const { inputs, fedFrom, start, within } = command;
    const around = reading.groups.filter((group) => start >= group.start && start < group.end);
    return [
      ...inputs,
      ...lasting,
      ...(fedFrom === null ? [] : [{ start: fedFrom, end: start, piped: true }]),
      ...around.flatMap((group) => group.inputs),
      ...(within === null ? [] : inputsOf(within)),
    ];
  };
  return inputsOf;
}

/** `exec <file` redirects what all commands after it read. */
function isExec({ words }: Command): boolean {
  const other = words.findIndex(({ literal }) => !BEFORE.has(literal ?? ''));
  return words.slice(0, other === -1 ? words.length : other).some(({ literal }) => literal === 'exec');
}

/** What a function prints, or what one whose name is expanded does, may stand anywhere in the script. */
function callsFunction({ words: [name] }: Command, { functions }: Reading): boolean {
  return functions.size > 0 && name !== undefined && (name.literal === null || functions.has(name.literal));
}

/** Whether what a command prints may come from what it reads. */
export function mayRead({ words: [name, ...operands] }: Command, { functions }: Reading): boolean {
  const literal = name?.literal ?? '';
  if (functions.has(literal)) return true;
  if (literal !== 'cat') return !DEAF.has(literal);
  const files = operands.filter(({ prefix }) => !/^-./.test(prefix));
  return files.length === 0 || files.some((each) => isStandardInput(each.literal ?? ''));
}
