import { cancel, confirm, intro, isCancel, outro, select, text } from '@clack/prompts';
import { splitCommand } from './split-command.ts';
import type { Answers } from './template.ts';

// Results go to stdout, so the talk goes to stderr.
const output = process.stderr;

/** Asks what to protect; null when the person stops. `rules` is not asked for when a flag said it. */
export async function askAnswers(rules: boolean | undefined): Promise<Answers | null> {
  intro('What shall Latchkey protect?', { output });
  const kind = await select({
    message: 'Where is the MCP server?',
    options: [
      { value: 'command', label: 'A command on this machine (stdio)' },
      { value: 'url', label: 'An HTTP server' },
    ],
    output,
  });
  if (isCancel(kind)) return stop();
  const place = await text({
    message: kind === 'command' ? 'Its command line?' : 'Its URL?',
    placeholder:
      kind === 'command' ? 'npx -y @modelcontextprotocol/server-filesystem ./data' : 'https://mcp.example.com/mcp',
    validate: (given = '') => checkPlace(kind, given),
    output,
  });
  if (isCancel(place)) return stop();
  const withRules =
    rules ?? (await confirm({ message: 'Write example rules, so that everything else is denied?', output }));
  if (isCancel(withRules)) return stop();
  outro('Thank you.', { output });
  return kind === 'url' ? { url: place, rules: withRules } : { command: splitCommand(place) ?? [], rules: withRules };
}

function checkPlace(kind: string, given: string): string | undefined {
  if (kind === 'command')
    return splitCommand(given) === null ? 'A command and its arguments, quotes closed.' : undefined;
  return /^https?:\/\//.test(given) && URL.canParse(given) ? undefined : 'An http or https URL.';
}

function stop(): null {
  cancel('Nothing was written.', { output });
  return null;
}
