import { Option, type Command } from 'commander';
import type { ConfigInput } from '../config/schema.ts';

interface ForwardAuthFlags {
  readonly proxy?: 'nginx' | 'caddy' | 'traefik' | 'envoy';
  readonly config?: string;
  readonly listen?: string;
  readonly publicUrl?: string;
  readonly store?: string;
  readonly tokenFile?: string;
  readonly json?: true;
}

export function addForwardAuthCommand(program: Command): void {
  program
    .command('forward-auth')
    .summary('answer a proxy that asks who may come in')
    .description(
      'Answers nginx (auth_request), Caddy and Traefik (forward auth) and Envoy (ext_authz), which ask before they pass a request on. It sees headers only: no arguments, no lists.',
    )
    .addOption(new Option('--proxy <name>', 'the proxy that asks').choices(['nginx', 'caddy', 'traefik', 'envoy']))
    .option('--config <file>', 'read rules and settings from this file (default: latchkey.yaml, if there is one)')
    .option('--listen <host:port>', 'where the proxy asks; port 0 is any free port')
    .option('--public-url <url>', 'the URL clients know the proxy by')
    .option('--store <directory>', 'where credentials and the trail are kept')
    .option('--token-file <file>', 'write the first token to this file (0600) instead of printing it')
    .option('--json', 'print one JSON line when ready')
    .addHelpText(
      'after',
      `
Examples:
  latchkey forward-auth --proxy nginx --public-url https://mcp.example.com
  latchkey forward-auth --config latchkey.yaml
  latchkey forward-auth --json --listen 127.0.0.1:0 --proxy caddy --public-url http://127.0.0.1:8080

What the proxy needs is in docs/forward-auth.md, whole configurations in examples/forward-auth-*.`,
    )
    .action(async (flags: ForwardAuthFlags) => {
      const { run } = await import('./forward-auth/run.ts');
      await run({ ...flags, settings: toSettings(flags) });
    });
}

function toSettings({ proxy, listen, publicUrl, store }: ForwardAuthFlags): ConfigInput {
  return {
    ...(proxy === undefined ? {} : { forwardAuth: { proxy } }),
    ...(listen === undefined ? {} : { listen }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(store === undefined ? {} : { store }),
  };
}
