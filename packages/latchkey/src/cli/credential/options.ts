import { Option, type Command } from 'commander';

/** The options of every command that works on the store. */
export function addStoreOptions(command: Command, json = 'print one JSON document'): Command {
  return command
    .option('--store <directory>', 'where credentials and the trail are kept')
    .option('--config <file>', 'take the store and prefixes from this file (default: latchkey.yaml, if there is one)')
    .option('--json', json);
}

/** The options of every command that makes a credential. */
export function addGrantOptions(command: Command, ttl: string): Command {
  return command
    .addOption(repeatable('--scope <scope>', 'a scope it has; repeat for more', '*, everything'))
    .addOption(repeatable('--server <name>', 'a server it is for; repeat for more', 'every server'))
    .option('--ttl <duration>', ttl);
}

/** An option that may be given several times; without it the list is empty, which means `none`. */
export function repeatable(flags: string, description: string, none: string): Option {
  return new Option(flags, description)
    .default([], none)
    .argParser((value: string, before: string[]) => [...before, value]);
}
