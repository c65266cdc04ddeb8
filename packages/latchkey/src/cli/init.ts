import type { Command } from 'commander';
import { DEFAULT_FILE } from './config-file.ts';
import type { InitFlags } from './init/init.ts';

/** `latchkey init`. */
export function addInitCommand(program: Command): void {
  program
    .command('init')
    .summary('write a latchkey.yaml')
    .description('Writes a commented configuration file. On a terminal it asks for what the flags do not say.')
    .option('--command <line>', 'protect this stdio server: its command line, quoted')
    .option('--upstream <url>', 'protect the HTTP server at this URL')
    .option('--rules', 'with example rules, so that everything else is denied')
    .option('--no-rules', 'without rules: a credential with every scope may use everything')
    .option('--file <file>', 'file to write', DEFAULT_FILE)
    .option('--force', 'replace the file if it is there')
    .option('--json', 'print one JSON document; never ask')
    .addHelpText(
      'after',
      `
Examples:
  latchkey init
  latchkey init --command 'npx -y @modelcontextprotocol/server-filesystem ./data' --rules
  latchkey init --upstream https://mcp.internal.example/mcp --file prod.yaml`,
    )
    .action(async (flags: InitFlags) => {
      const { init } = await import('./init/init.ts');
      await init(flags);
    });
}
