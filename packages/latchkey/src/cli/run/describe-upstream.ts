import { basename } from 'node:path';
import type { Config } from '../../config/config.ts';

/** Programs whose first word is what they run: it says more than their own name. */
const RUNNERS = new Set('npx pnpx bunx uvx pipx node bun deno tsx python python3'.split(' '));
/** Flags in front of it that take no value. */
const BARE_FLAGS = new Set(['-y', '--yes', '-q', '--quiet', '-m']);

/** The program and what it is told to run; every other argument, and the query of a URL, may be private. */
export function describeUpstream({ servers }: Pick<Config, 'servers'>, name: string): string {
  const upstream = servers.find((server) => server.name === name)?.upstream;
  if (upstream === null || upstream === undefined) return name;
  if (upstream.kind === 'http') return `${upstream.url.replace(/\?.*$/s, '')} (http)`;
  if (upstream.kind === 'tools')
    return `${basename(upstream.file)} (${upstream.tools?.tools.length ?? 0} declared tools)`;
  return `${upstream.command} ${subjectOf(upstream)}`.trim() + ' (stdio)';
}

function subjectOf({ command, args }: { readonly command: string; readonly args: readonly string[] }): string {
  const first = args.find((arg) => !BARE_FLAGS.has(arg)) ?? '';
  return RUNNERS.has(basename(command)) && !first.startsWith('-') ? first : '';
}
