import type { Command } from 'commander';
import { addStoreOptions } from './credential/options.ts';
import type { AcceptFlags, PinFlags } from './tools/pins.ts';

/** `latchkey tools list` and `latchkey tools accept`. */
export function addToolsCommand(program: Command): void {
  const tools = program
    .command('tools')
    .summary('see and accept changed tools')
    .description('Definitions of tools that were pinned because the configuration says `pin: alert` or `pin: block`.')
    .addHelpText(
      'after',
      `
Examples:
  latchkey tools list                 what is pinned, and what has changed since
  latchkey tools accept write_file    its present definition is the right one from now on`,
    );

  const list = tools.command('list').summary('list the pinned tools');
  addStoreOptions(list).action(async (flags: PinFlags) => (await import('./tools/pins.ts')).listPins(flags));

  const accept = tools
    .command('accept')
    .summary('accept the definition that was found last')
    .argument('<name>', 'the tool')
    .option('--server <name>', 'which server, where several have such a tool');
  addStoreOptions(accept).action(async (name: string, flags: AcceptFlags) =>
    (await import('./tools/pins.ts')).acceptPin(name, flags),
  );
}
