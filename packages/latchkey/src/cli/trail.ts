import { Option, type Command } from 'commander';
import { LatchkeyError } from '../core/error.ts';
import { addStoreOptions } from './credential/options.ts';
import type { StoreFlags } from './credential/settings.ts';
import type { TrailFlags } from './trail/read.ts';

export function addTrailCommand(program: Command): void {
  const trail = program
    .command('trail')
    .summary('read what was decided')
    .description('Prints the records of refusals and calls, oldest first.')
    .option('--follow', 'go on printing as they come, until Ctrl-C')
    .option('--since <duration>', 'only those of the last 30m, 1h, 7d…')
    .addOption(
      new Option('--decision <decision>', 'only those that were let through or refused').choices(['allow', 'deny']),
    )
    .option('--limit <count>', 'at most this many, the newest ones', '100')
    .addHelpText(
      'after',
      `
Examples:
  latchkey trail --since 1h --decision deny
  latchkey trail --follow --json | jq .reason
  latchkey trail verify                           whether anybody changed it`,
    );
  addStoreOptions(trail, 'print one JSON object on each line').action(async (flags: TrailFlags) =>
    (await import('./trail/read.ts')).readTrail(flags),
  );
  trail.enablePositionalOptions();
  const verify = trail
    .command('verify')
    .summary('tell whether the trail is as it was written')
    .description(
      'Holds every record against its seal and names the first that is not as it was written. Exit code 1 where there is one.',
    );
  addStoreOptions(verify).action(async (flags: StoreFlags) =>
    (await import('./trail/verify.ts')).verifyTrail({ ...takeShared(trail), ...flags }),
  );
}

const SHARED: ReadonlySet<string> = new Set(['store', 'config', 'json']);

/** What stood before `verify`, of the options that it has too. Any other says which records to print, and all are held. */
function takeShared(trail: Command): StoreFlags {
  const foreign = trail.options.find((option) => {
    const name = option.attributeName();
    return trail.getOptionValueSource(name) === 'cli' && !SHARED.has(name);
  });
  if (foreign === undefined) return trail.opts<StoreFlags>();
  throw new LatchkeyError('E_USAGE', `\`trail verify\` has no ${foreign.long}: it holds the whole trail.`, {
    hint: 'latchkey trail verify --help shows its options',
  });
}
