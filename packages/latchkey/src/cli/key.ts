import type { Command } from 'commander';
import type { CreateFlags } from './credential/create.ts';
import type { ListFlags } from './credential/list.ts';
import { addGrantOptions, addStoreOptions } from './credential/options.ts';
import type { StoreFlags } from './credential/settings.ts';

export function addKeyCommand(program: Command): void {
  const key = program
    .command('key')
    .summary('make, list and end API keys')
    .description(
      'API keys last, have an owner and are counted; a client sends one as `X-API-Key: KEY` or as a bearer token.',
    )
    .addHelpText(
      'after',
      `
Examples:
  K=$(latchkey key create ci --owner "Build team" --scope repo:read)   the key alone is on standard output
  latchkey key usage                                                   who uses which key how much`,
    );

  const create = key
    .command('create')
    .summary('make an API key and show it once')
    .argument('<name>', 'what you call it')
    .requiredOption('--owner <who>', 'who answers for it (required)');
  addStoreOptions(addGrantOptions(create, 'how long it lives, for example 90d, or never (default: never)')).action(
    async (name: string, flags: CreateFlags) =>
      (await import('./credential/create.ts')).createCredential('key', name, flags),
  );

  const list = key.command('list').summary('list the keys that work').option('--all', 'those that ended too');
  addStoreOptions(list).action(async (flags: ListFlags) =>
    (await import('./credential/list.ts')).listCredentials('key', flags),
  );

  const revoke = key.command('revoke').summary('end a key at once').argument('<name>');
  addStoreOptions(revoke).action(async (name: string, flags: StoreFlags) =>
    (await import('./credential/change.ts')).revokeCredential('key', name, flags),
  );

  const usage = key.command('usage').summary('show how much each key is used').option('--all', 'keys that ended too');
  addStoreOptions(usage).action(async (flags: ListFlags) => (await import('./credential/list.ts')).showUsage(flags));
}
