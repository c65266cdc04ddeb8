import type { Command } from 'commander';
import { addStoreOptions, repeatable } from './credential/options.ts';
import type { CallFlags } from './tools/call.ts';
import type { FileFlags } from './tools/declared-file.ts';
import type { AcceptFlags, PinFlags } from './tools/pins.ts';

/** `latchkey tools check|test|call` on a file of declared tools, and `latchkey tools list|accept` on pinned ones. */
export function addToolsCommand(program: Command): void {
  const tools = program
    .command('tools')
    .summary('try declared tools; see and accept changed ones')
    .description(
      'check, test and call work on a file that declares tools, such as a gantz.yaml. list and accept work on the definitions of tools that were pinned because the configuration says `pin: alert` or `pin: block`.',
    )
    .addHelpText(
      'after',
      `
Examples:
  latchkey tools check gantz.yaml                         what it declares, and what is wrong with it
  latchkey tools test gantz.yaml                          run the tests of its tools
  latchkey tools call gantz.yaml read_file --arg path=a   one call, here
  latchkey tools list                                     what is pinned, and what has changed since
  latchkey tools accept write_file                        its present definition is the right one from now on`,
    );
  addCheck(tools);
  addTest(tools);
  addCall(tools);
  addPins(tools);
}

function addCheck(tools: Command): void {
  tools
    .command('check')
    .summary('say what a file declares, and what is wrong with it')
    .description(
      'Lists the tools of a file with what they run and the scopes they need, and warns. Exit code 1 when something is wrong with it, 2 when it is not there.',
    )
    .argument('<file>', 'file of declared tools')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  latchkey tools check gantz.yaml\n  latchkey tools check gantz.yaml --json')
    .action(async (file: string, flags: FileFlags) => (await import('./tools/check.ts')).checkFile(file, flags));
}

function addTest(tools: Command): void {
  tools
    .command('test')
    .summary('run the tests of declared tools')
    .description(
      'Calls the tools as their `test:` says, here and one after the other, and holds the results against what is expected. Exit code 1 when one is another.',
    )
    .argument('<file>', 'file of declared tools')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  latchkey tools test gantz.yaml\n  latchkey tools test gantz.yaml --json')
    .action(async (file: string, flags: FileFlags) => (await import('./tools/run-tests.ts')).runTests(file, flags));
}

function addCall(tools: Command): void {
  tools
    .command('call')
    .summary('call one declared tool, here')
    .description(
      'Runs a tool as a caller would have it run, without the gateway. Prints its output; exit code 1 when the result is an error.',
    )
    .argument('<file>', 'file of declared tools')
    .argument('<name>', 'the tool')
    .addOption(repeatable('--arg <name=value>', 'an argument, read as its parameter says; repeat for more', 'none'))
    .option('--args <json>', 'all arguments as one JSON object')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  latchkey tools call gantz.yaml read_file --arg path=notes.txt --arg lines=20
  latchkey tools call gantz.yaml search --args '{"words":["a","b"]}' --json`,
    )
    .action(async (file: string, name: string, flags: CallFlags) =>
      (await import('./tools/call.ts')).callOnce(file, name, flags),
    );
}

function addPins(tools: Command): void {
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
