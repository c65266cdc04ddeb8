import type { Command } from 'commander';
import { LatchkeyError } from '../core/error.ts';
import type { ConfigInput } from '../config/schema.ts';

interface RunFlags {
  readonly upstream?: string;
  readonly tools?: string;
  readonly config?: string;
  readonly listen?: string;
  readonly publicUrl?: string;
  readonly store?: string;
  readonly auth?: boolean;
  readonly tokenFile?: string;
  readonly json?: true;
}

export function addRunCommand(program: Command): void {
  program
    .command('run')
    .summary('protect an MCP server')
    .description('Stands in front of an MCP server and asks every request for a credential.')
    .argument('[command...]', 'command of a stdio server, after --')
    .option('--upstream <url>', 'protect the HTTP server at this URL')
    .option('--tools <file>', 'serve the tools that this file declares, such as a gantz.yaml')
    .option('--config <file>', 'read rules and settings from this file (default: latchkey.yaml, if there is one)')
    .option('--listen <host:port>', 'where to listen; port 0 is any free port')
    .option('--public-url <url>', 'the URL clients know this gateway by')
    .option('--store <directory>', 'where credentials and the trail are kept')
    .option('--token-file <file>', 'write the first token to this file (0600) instead of printing it')
    .option('--auth', 'ask for credentials, also where the file says not to (default: on)')
    .option('--no-auth', 'let everybody in; on loopback only')
    .option('--json', 'print one JSON line when ready')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Examples:
  latchkey run -- npx -y @modelcontextprotocol/server-everything
  latchkey run --upstream http://127.0.0.1:3000/mcp --listen 127.0.0.1:9000
  latchkey run --tools gantz.yaml
  latchkey run --config latchkey.yaml
  latchkey run --json --listen 127.0.0.1:0 -- node server.js     for programs that start it`,
    )
    .action(async (command: string[], flags: RunFlags) => {
      checkFlags(command, flags);
      const { run } = await import('./run/run.ts');
      await run({ ...flags, settings: toSettings(command, flags) });
    });
}

function checkFlags(command: readonly string[], { upstream, tools }: RunFlags): void {
  const given = [
    ...(command.length > 0 ? ['a command'] : []),
    ...(upstream === undefined ? [] : ['--upstream']),
    ...(tools === undefined ? [] : ['--tools']),
  ];
  if (command[0]?.trim() === '') {
    throw new LatchkeyError('E_USAGE', 'The command after -- names no program.', {
      hint: 'for example: latchkey run -- node server.js; a shell variable in it may be empty',
    });
  }
  if (given.length < 2) return;
  throw new LatchkeyError('E_USAGE', `There is ${given.join(' and ')}, and one server at a time.`, {
    hint: 'give one of them, or list several servers under servers: in latchkey.yaml',
  });
}

function toSettings(command: readonly string[], flags: RunFlags): ConfigInput {
  return {
    ...(command.length > 0 ? { upstream: { command: [...command] } } : {}),
    ...(flags.upstream === undefined ? {} : { upstream: { url: flags.upstream } }),
    ...(flags.tools === undefined ? {} : { upstream: { tools: flags.tools } }),
    ...(flags.listen === undefined ? {} : { listen: flags.listen }),
    ...(flags.publicUrl === undefined ? {} : { publicUrl: flags.publicUrl }),
    ...(flags.store === undefined ? {} : { store: flags.store }),
    ...(flags.auth === undefined ? {} : { auth: { enabled: flags.auth } }),
  };
}
