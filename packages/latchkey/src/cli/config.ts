import type { Command } from 'commander';
import { toPlainText } from '../core/plain-text.ts';
import { say } from './output.ts';
import { DEFAULT_FILE, findConfigFile } from './config-file.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { LatchkeyError } from '../core/error.ts';

interface ConfigFlags {
  readonly config?: string;
  readonly json?: true;
}

/** `latchkey config show` and `latchkey config check`. */
export function addConfigCommand(program: Command): void {
  const config = program
    .command('config')
    .summary('show and check the configuration')
    .description('Shows and checks the configuration.');
  config
    .command('show')
    .summary('print every value that holds, and its origin')
    .description('Prints every value that holds and where it comes from; secrets are not shown.')
    .option('--config <file>', 'configuration file (default: latchkey.yaml, if there is one)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  latchkey config show\n  LATCHKEY_LISTEN=:9000 latchkey config show --json')
    .action(show);
  config
    .command('check')
    .summary('say what is wrong with it')
    .description('Says what is wrong with the configuration, all at once. Exit code 0 when sound, else 2.')
    .option('--config <file>', 'configuration file (default: latchkey.yaml)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  latchkey config check\n  latchkey config check --config prod.yaml --json')
    .action(check);
}

async function show(flags: ConfigFlags): Promise<void> {
  const { requireConfig } = await import('../config/load-config.ts');
  const file = findConfigFile(flags.config);
  const { values } = requireConfig({ env: process.env, file, tools: {} });
  if (flags.json) {
    print(`${JSON.stringify({ file: file ?? null, values }, null, 2)}\n`);
    return;
  }
  const width = Math.min(40, Math.max(...values.map(({ path }) => path.length)));
  for (const { path, value, origin } of values) {
    print(`${path.padEnd(width)}  ${typeof value === 'string' ? value : JSON.stringify(value)}  (${origin})\n`);
  }
}

async function check(flags: ConfigFlags): Promise<void> {
  const { loadConfig } = await import('../config/load-config.ts');
  const { toError } = await import('../config/problem.ts');
  const file = fileToCheck(flags);
  const loaded = loadConfig({ env: process.env, file, tools: {} });
  if (flags.json) {
    const { config, problems, warnings } = loaded;
    print(`${JSON.stringify({ ok: config !== null, file, problems, warnings }, null, 2)}\n`);
    if (loaded.config === null) process.exitCode = 2;
    return;
  }
  if (loaded.config === null) throw toError(loaded.problems);
  print(`ok: ${file}, ${summarize(loaded.config)}\n`);
  for (const warning of loaded.warnings) say(toPlainText(`warning: ${warning}`));
}

/** Where nothing is there to check, that is one more problem for whoever reads them as JSON. */
export function fileToCheck({ config, json }: ConfigFlags): string {
  return json ? (findConfigFile(config) ?? DEFAULT_FILE) : requireFile(config);
}

/** The file of the configuration: there must be one. */
export function requireFile(named: string | undefined): string {
  const file = findConfigFile(named);
  if (file !== undefined) return file;
  throw new LatchkeyError('E_CONFIG_MISSING', 'There is no latchkey.yaml in this folder.', {
    hint: '`latchkey init` writes one; --config names another',
  });
}

/** How many servers and rules there are, in words. A file without a server is sound: `run` can be told one. */
export function summarize({ servers }: NonNullable<LoadedConfig['config']>): string {
  const rules = servers.flatMap(({ policy }) => Object.values(policy.rules).flat()).length;
  const named = servers.filter(({ upstream }) => upstream !== null).length;
  const counted = named === 0 ? 'names no server' : plural(named, 'server');
  return `${counted}, ${rules === 0 ? 'no rules' : plural(rules, 'rule')}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function print(text: string): void {
  process.stdout.write(text);
}
