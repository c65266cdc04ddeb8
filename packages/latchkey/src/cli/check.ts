import type { Command } from 'commander';
import type { CheckFlags } from './check/check-url.ts';

/** `latchkey check URL`: examines any MCP server over HTTP. */
export function addCheckCommand(program: Command): void {
  program
    .command('check')
    .summary('examine any MCP server over HTTP')
    .description(
      'Plays a client, an intruder and a client with mistakes, and reports what is open: metadata for sign-in, tokens that are not valid, a false Host, Origin or Mcp-Name, and more. It calls no tool that exists and changes nothing. Exit code 0 when nothing failed, 1 when something did, 2 for usage.',
    )
    .argument('<url>', 'URL of the MCP endpoint')
    .option(
      '--token-file <file>',
      'a token in a file that only its owner can read: shows what is refused behind the door',
    )
    .option('--timeout <time>', 'how long to wait for each answer', '10s')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
A token can also stand in LATCHKEY_CHECK_TOKEN. It goes to that server alone, once
in a URL, which servers may log: give one that ends soon. It is never printed.

Examples:
  latchkey check http://127.0.0.1:8787/mcp                              what a stranger can do
  (umask 077; latchkey token create check --ttl 10m > t)                a token for it
  latchkey check https://mcp.example.com/mcp --token-file t             and what the holder of a token can
  latchkey check https://mcp.example.com/mcp --json | jq '.findings[] | select(.verdict == "fail")'`,
    )
    .action(async (url: string, flags: CheckFlags) => (await import('./check/check-url.ts')).checkUrl(url, flags));
}
