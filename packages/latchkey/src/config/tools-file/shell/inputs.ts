import { isExec } from './builtins.ts';
import type { Files } from './files.ts';
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
export function createInputs(reading: Reading, files: Files): Inputs {
  const whole = [{ start: 0, end: reading.text.length }];
  const lasting = reading.commands.filter(isExec).flatMap(({ inputs }) => inputs);
  const contents = (named: readonly Source[]): readonly Source[] => [...named, ...named.flatMap(files.in)];
  const inputsOf = (command: Command): readonly Source[] => {
    if (reading.hidesInputs || callsFunction(command, reading)) return whole;
    const { inputs, fedFrom, start, within } = command;
    const around = reading.groups.filter((group) => start >= group.start && start < group.end);
    return [
      ...contents(inputs),
      ...contents(lasting),
      ...(fedFrom === null ? [] : [{ start: fedFrom, end: start, piped: true }]),
      ...contents(around.flatMap((group) => group.inputs)),
      ...(within === null ? [] : inputsOf(within)),
    ];
  };
  return inputsOf;
}

/** What a function prints, or what one whose name is expanded does, may stand anywhere in the script. */
function callsFunction({ words: [name] }: Command, { functions }: Reading): boolean {
  return functions.size > 0 && name !== undefined && (name.literal === null || functions.has(name.literal));
}

/** Whether what a command prints may come from what it reads. */
export function mayRead(command: Command, { functions }: Reading): boolean {
  const [name, ...operands] = command.words;
  const literal = name?.literal ?? '';
  if (functions.has(literal)) return true;
  if (literal !== 'cat') return !isDeaf(command);
  const files = operands.filter(({ prefix }) => !/^-./.test(prefix));
  return files.length === 0 || files.some((each) => isStandardInput(each.literal ?? ''));
}

function isDeaf({ words: [name] }: Command): boolean {
  return DEAF.has(name?.literal ?? '');
}

/** What stands in files that a command names, and so may print. */
export function readFiles(command: Command, files: Files): readonly Source[] {
  return isDeaf(command) ? [] : command.words.slice(1).flatMap(files.in);
}
