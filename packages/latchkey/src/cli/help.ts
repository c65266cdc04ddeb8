import type { Command } from 'commander';
import { LatchkeyError } from '../core/error.ts';
import { nearest } from '../core/nearest.ts';
import { toPlainText } from '../core/plain-text.ts';

/** `latchkey help WORD…`, and the same of each command that has others. Commander's own shows its help for any word. */
export function addHelpCommands(program: Command): void {
  const groups = program.commands.filter(({ commands }) => commands.length > 0);
  for (const group of [program, ...groups]) {
    group
      .command('help')
      .summary('display help for a command')
      .argument('[command...]', 'the command, word by word')
      .action((words: readonly string[]) => findCommand(group, words).outputHelp());
  }
}

function findCommand(group: Command, words: readonly string[]): Command {
  return words.reduce((command, word) => {
    const found = command.commands.find((each) => each.name() === word);
    if (found === undefined) throw unknown(command, word);
    return found;
  }, group);
}

function unknown(command: Command, word: string): LatchkeyError {
  const near = nearest(
    word,
    command.commands.map((each) => each.name()),
  );
  const path = pathOf(command);
  return new LatchkeyError('E_USAGE', `There is no command \`${path} ${toPlainText(word)}\`.`, {
    hint: near === null ? `\`${path} --help\` shows what there is.` : `Did you mean \`${path} ${near}\`?`,
  });
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
