import { Command } from 'commander';
import { version } from '../compose-version.ts';
import { endUnheard } from './output.ts';
import { reportFailure } from './report-failure.ts';
import { addCheckCommand } from './check.ts';
import { addConfigCommand } from './config.ts';
import { addConnectCommand } from './connect.ts';
import { addForwardAuthCommand } from './forward-auth.ts';
import { addHelpCommands } from './help.ts';
import { addInitCommand } from './init.ts';
import { addKeyCommand } from './key.ts';
import { addPolicyCommand } from './policy.ts';
import { refuseEmpty } from './refuse-empty.ts';
import { addRunCommand } from './run.ts';
import { addTokenCommand } from './token.ts';
import { addToolsCommand } from './tools.ts';
import { addTrailCommand } from './trail.ts';

const program = new Command('latchkey')
  .description(
    'Puts a lock on any MCP server: asks every request for a credential, decides tool by tool, limits, and writes down what it decided.',
  )
  .version(version)
  .enablePositionalOptions()
  .showHelpAfterError('  hint: latchkey --help shows the commands, latchkey COMMAND --help their options')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'latchkey: E_USAGE ')) })
  .addHelpText(
    'after',
    `
Examples:
  latchkey run -- npx -y @modelcontextprotocol/server-everything   protect a stdio server
  latchkey run --upstream http://127.0.0.1:3000/mcp                protect an HTTP server
  latchkey token create alice --scope file:read --ttl 8h           a token that may do less
  latchkey connect claude-code                                     settings for a client
  latchkey trail --follow --decision deny                          watch what is refused

Exit codes: 0 done, 1 failed, 2 a wrong command line or configuration.`,
  );

for (const add of [
  addRunCommand,
  addForwardAuthCommand,
  addTokenCommand,
  addKeyCommand,
  addTrailCommand,
  addToolsCommand,
  addPolicyCommand,
  addCheckCommand,
  addConnectCommand,
  addInitCommand,
  addConfigCommand,
  addHelpCommands,
])
  add(program);

program.hook('preAction', (_, command) => refuseEmpty(command));
process.stdout.on('error', endUnheard);

try {
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, (text) => process.stderr.write(text));
}
