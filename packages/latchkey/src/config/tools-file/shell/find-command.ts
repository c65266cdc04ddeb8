import type { Argument } from './finding.ts';

/**
 * Where one of these commands is named in the arguments of a program (`fetch`, `compose exec`): the place behind its last
 * word, or -1. Before each word stand only options and what may be their arguments; behind a `*` anything.
 */
export function findCommand(args: readonly Argument[], commands: readonly string[]): number {
  for (const command of commands) {
    const [first = '', ...more] = command.split(' ');
    let at = first === '*' ? 0 : findWord(args, first, 0);
    for (const word of more) at = at === -1 ? -1 : findWord(args, word, at, first === '*');
    if (at !== -1) return at;
  }
  return -1;
}

function findWord(args: readonly Argument[], word: string, from: number, anywhere = false): number {
  for (let at = from; at < args.length; at += 1) {
    if (args[at]?.literal === word) return at + 1;
    const mayBeOption = args[at]?.prefix.startsWith('-') === true || args[at]?.literal === null;
    const mayBeTaken = at > from && args[at - 1]?.prefix.startsWith('-') === true;
    if (!anywhere && !mayBeOption && !mayBeTaken) return -1;
  }
  return -1;
}
