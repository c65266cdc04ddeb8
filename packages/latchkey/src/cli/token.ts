import type { Command } from 'commander';
import type { RotateFlags } from './credential/change.ts';
import type { CreateFlags } from './credential/create.ts';
import type { ListFlags } from './credential/list.ts';
import { addGrantOptions, addStoreOptions } from './credential/options.ts';
import type { StoreFlags } from './credential/settings.ts';

export function addTokenCommand(program: Command): void {
  const token = program
    .command('token')
    .summary('make, list, replace and end tokens')
    .description('Tokens are short-lived credentials; a client sends one as `Authorization: Bearer TOKEN`.')
    .addHelpText(
      'after',
      `
Examples:
  T=$(latchkey token create alice --scope file:read --ttl 8h)   the token alone is on standard output
  latchkey token rotate alice --grace 1h                        a new one; the old one works an hour more
  latchkey token revoke alice                                   ends it at once`,
    );

  const create = token
    .command('create')
    .summary('make a token and show it once')
    .argument('<name>', 'what you call it');
  addStoreOptions(addGrantOptions(create, 'how long it lives, for example 90s, 8h, 7d (default: 24h)')).action(
    async (name: string, flags: CreateFlags) =>
      (await import('./credential/create.ts')).createCredential('token', name, flags),
  );

  const list = token.command('list').summary('list the tokens that work').option('--all', 'those that ended too');
  addStoreOptions(list).action(async (flags: ListFlags) =>
    (await import('./credential/list.ts')).listCredentials('token', flags),
  );

  const show = token.command('show').summary('tell all about the tokens of one name').argument('<name>');
  addStoreOptions(show).action(async (name: string, flags: StoreFlags) =>
    (await import('./credential/list.ts')).showCredential('token', name, flags),
  );

  const rotate = token
    .command('rotate')
    .summary('replace a token by a new one')
    .argument('<name>')
    .option('--grace <duration>', 'how long the old one still works; 0s: not at all', '10m')
    .option('--ttl <duration>', 'how long the new one lives (default: as long as the old one was made for)');
  addStoreOptions(rotate).action(async (name: string, flags: RotateFlags) =>
    (await import('./credential/change.ts')).rotateToken(name, flags),
  );

  const revoke = token.command('revoke').summary('end a token and its predecessors at once').argument('<name>');
  addStoreOptions(revoke).action(async (name: string, flags: StoreFlags) =>
    (await import('./credential/change.ts')).revokeCredential('token', name, flags),
  );
}
