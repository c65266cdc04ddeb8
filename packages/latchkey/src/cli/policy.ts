import type { Command } from 'commander';
import { fileToCheck, summarize } from './config.ts';
import { repeatable } from './credential/options.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { ExplainFlags } from './policy/tell.ts';

interface CheckFlags {
  readonly config?: string;
  readonly json?: true;
}

/** `latchkey policy explain` and `latchkey policy check`. */
export function addPolicyCommand(program: Command): void {
  const policy = program
    .command('policy')
    .summary('explain and check the rules')
    .description('Explains and checks the rules.');
  policy
    .command('explain')
    .summary('say what the rules decide of a call, or of a token')
    .description(
      'Says whether a call would be allowed, by which rule, and which scopes it needs; with --as and no call, what that token or key may do. Exit code 0 whatever is decided.',
    )
    .option('--tool <name>', 'a tools/call')
    .option('--resource <uri>', 'a resources/read')
    .option('--prompt <name>', 'a prompts/get')
    .option('--method <name>', 'any other method')
    .addOption(repeatable('--scope <scope>', 'a scope the caller holds; repeat for more; * is every scope', 'none'))
    .option('--as <token:name>', 'the caller holds this stored token, or key:NAME')
    .option('--args <json>', 'arguments of the call, an object (default: {})')
    .option('--server <name>', 'which server, where there are several')
    .option('--config <file>', 'configuration file (default: latchkey.yaml)')
    .option('--store <directory>', 'where --as finds it (default: the store of the configuration)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  latchkey policy explain --as token:alice
  latchkey policy explain --as token:alice --tool write_file --args '{"path":"/data/x"}'
  latchkey policy explain --tool write_file --scope file:write --args '{"path":"/data/x"}'
  latchkey policy explain --resource file:///data/a.txt --scope file:read
  latchkey policy explain --tool query --server db --json`,
    )
    .action(async (flags: ExplainFlags) => (await import('./policy/tell.ts')).tellPolicy(flags));
  policy
    .command('check')
    .summary('say whether the rules are sound')
    .description('Checks the rules and conditions of the configuration. Exit code 0 when sound, else 2.')
    .option('--config <file>', 'configuration file (default: latchkey.yaml)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  latchkey policy check\n  latchkey policy check --config prod.yaml --json')
    .action(check);
}

async function check(flags: CheckFlags): Promise<void> {
  const { loadConfig } = await import('../config/load-config.ts');
  const { toError } = await import('../config/problem.ts');
  const file = fileToCheck(flags);
  const { config, problems }: LoadedConfig = loadConfig({ env: process.env, file, tools: {} });
  if (flags.json) {
    const servers =
      config?.servers.map(({ name, policy }) => ({ name, rules: Object.values(policy.rules).flat().length })) ?? [];
    process.stdout.write(`${JSON.stringify({ ok: config !== null, file, servers, problems }, null, 2)}\n`);
    if (config === null) process.exitCode = 2;
    return;
  }
  if (config === null) throw toError(problems);
  process.stdout.write(`ok: ${summarize(config)}\n`);
  const open = config.servers.filter(({ policy }) => policy.empty).map(({ name }) => name);
  if (open.length > 0)
    process.stderr.write(`${open.join(', ')}: no rules, so a credential with every scope may use everything\n`);
}
