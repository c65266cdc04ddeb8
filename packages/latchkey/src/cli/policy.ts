import type { Command } from 'commander';
import { requireFile, summarize } from './config.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { ServerConfig } from '../config/config.ts';
import { LatchkeyError } from '../core/error.ts';
import type { Explanation } from './policy/explain.ts';

interface ExplainFlags {
  readonly tool?: string;
  readonly resource?: string;
  readonly prompt?: string;
  readonly method?: string;
  readonly scope: readonly string[];
  readonly args?: string;
  readonly server?: string;
  readonly config?: string;
  readonly json?: true;
}

/** `latchkey policy explain` and `latchkey policy check`. */
export function addPolicyCommand(program: Command): void {
  const policy = program.command('policy').description('Explains and checks the rules.');
  policy
    .command('explain')
    .description('Says whether a call would be allowed, by which rule, and which scopes it needs.')
    .option('--tool <name>', 'a tools/call')
    .option('--resource <uri>', 'a resources/read')
    .option('--prompt <name>', 'a prompts/get')
    .option('--method <name>', 'any other method')
    .option('--scope <scope>', 'a scope the caller holds; may be repeated; * is every scope', collect, [])
    .option('--args <json>', 'arguments of the call, an object', '{}')
    .option('--server <name>', 'which server, where there are several')
    .option('--config <file>', 'configuration file (default: latchkey.yaml)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  latchkey policy explain --tool write_file --scope file:write --args '{"path":"/data/x"}'
  latchkey policy explain --resource file:///data/a.txt --scope file:read
  latchkey policy explain --tool query --server db --json`,
    )
    .action(explain);
  policy
    .command('check')
    .description('Checks the rules and conditions of the configuration. Exit code 0 when sound, else 2.')
    .option('--config <file>', 'configuration file (default: latchkey.yaml)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  latchkey policy check\n  latchkey policy check --config prod.yaml --json')
    .action(check);
}

async function explain(flags: ExplainFlags): Promise<void> {
  const { requireConfig } = await import('../config/load-config.ts');
  const { explainCall } = await import('./policy/explain.ts');
  const call = toCall(flags);
  const loaded = requireConfig({ env: process.env, file: requireFile(flags.config), tools: {} });
  const server = findServer(loaded.config.servers, flags.server);
  const explanation = explainCall(loaded, server, { ...call, scopes: flags.scope });
  process.stdout.write(flags.json ? `${JSON.stringify(explanation)}\n` : toText(explanation));
}

async function check(flags: Pick<ExplainFlags, 'config' | 'json'>): Promise<void> {
  const { loadConfig } = await import('../config/load-config.ts');
  const { toError } = await import('../config/problem.ts');
  const file = requireFile(flags.config);
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

function toCall(flags: ExplainFlags): { method: string; params: string } {
  const { tool, resource, prompt, method, args = '{}' } = flags;
  if ([tool, resource, prompt, method].filter((each) => each !== undefined).length !== 1) {
    throw new LatchkeyError('E_USAGE', 'Exactly one of --tool, --resource, --prompt and --method is needed.', {
      hint: 'for example: latchkey policy explain --tool read_file --scope file:read',
    });
  }
  if (resource !== undefined) return { method: 'resources/read', params: JSON.stringify({ uri: resource }) };
  const given = checkObject(args);
  if (method !== undefined) return { method, params: given };
  return {
    method: tool === undefined ? 'prompts/get' : 'tools/call',
    params: `{"name":${JSON.stringify(tool ?? prompt)},"arguments":${given}}`,
  };
}

/** The text itself: parsed and written again it would lose what the gateway sees, such as a key that stands twice. */
function checkObject(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return json;
  } catch {
    // What it should have been is said below.
  }
  throw new LatchkeyError('E_USAGE', '--args is no JSON object.', { hint: `for example: --args '{"path":"/data/x"}'` });
}

function findServer(servers: readonly ServerConfig[], name: string | undefined): ServerConfig {
  const found =
    name === undefined && servers.length === 1 ? servers[0] : servers.find((server) => server.name === name);
  if (found !== undefined) return found;
  const names = servers.map((server) => server.name).join(', ');
  throw new LatchkeyError(
    'E_USAGE',
    name === undefined ? 'There are several servers.' : `There is no server "${name}".`,
    {
      hint: `--server takes one of: ${names}`,
    },
  );
}

function toText({ decision, reason, rules, scopes, readsPrincipal }: Explanation): string {
  const lines = [decision === 'allow' ? 'allow' : `deny   ${reason}`];
  for (const { pattern, where, when } of rules)
    lines.push(`rule   ${pattern}  ${where}`, ...(when === null ? [] : [`when   ${when}`]));
  if (rules.length === 0) lines.push('rule   none');
  lines.push(`needs  ${scopes.length === 0 ? 'no scope' : scopes.join(' ')}`);
  if (readsPrincipal) lines.push('note   the condition reads principal, which is an anonymous caller here');
  return `${lines.join('\n')}\n`;
}

function collect(scope: string, before: readonly string[]): readonly string[] {
  return [...before, scope];
}
