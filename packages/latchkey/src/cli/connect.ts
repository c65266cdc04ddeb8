import type { Command } from 'commander';
import { nearest } from '../config/nearest.ts';
import { readSecret } from '../config/secret-source.ts';
import { isLoopback } from '../config/address.ts';
import { LatchkeyError } from '../core/error.ts';
import { fillTemplate, type Client } from './connect/client.ts';
import { DESKTOP_CLIENTS } from './connect/desktop-clients.ts';
import { DEVELOPER_CLIENTS } from './connect/developer-clients.ts';
import { HOSTED_CLIENTS } from './connect/hosted-clients.ts';

const DEFAULT_URL = 'http://127.0.0.1:8787/mcp';
const VARIABLE = 'LATCHKEY_TOKEN';

/** Every client that `latchkey connect` knows, in the order they are listed. */
export const CLIENTS: readonly Client[] = [...DESKTOP_CLIENTS, ...HOSTED_CLIENTS, ...DEVELOPER_CLIENTS];

interface ConnectOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly json?: true;
}

/** `latchkey connect [CLIENT]`: settings on stdout, advice on stderr. Fails with E_CLIENT_UNKNOWN, E_USAGE or E_SECRET_MISSING. */
export function addConnectCommand(program: Command): void {
  program
    .command('connect')
    .summary('print paste-ready settings for an MCP client')
    .description(
      `Print paste-ready settings for an MCP client; without CLIENT, list the clients.\nWhere a client can read ${VARIABLE} itself or ask for the token, no token is printed.`,
    )
    .argument('[client]', 'name of the client')
    .option('--url <url>', 'URL of the protected server', DEFAULT_URL)
    .option(
      '--token-file <file>',
      `file with the token, for clients that need it written out (default: $${VARIABLE}, else a placeholder)`,
    )
    .option('--json', 'print one JSON document')
    .action((name: string | undefined, options: ConnectOptions, command: Command) => {
      const { writeOut, writeErr } = command.configureOutput() as Writers;
      if (name === undefined) writeOut(options.json ? toJson(CLIENTS.map(toListed)) : listClients());
      else printSettings(findClient(name), options, { writeOut, writeErr });
    });
}

interface Writers {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

function printSettings(client: Client, options: ConnectOptions, { writeOut, writeErr }: Writers): void {
  const url = checkUrl(options.url);
  const token = needsToken(client) ? readToken(options.tokenFile) : '';
  const snippets = client.snippets.map(({ where, format, template }) => ({
    where,
    format,
    text: fillTemplate(template, { url, token }),
  }));
  if (options.json) writeOut(toJson({ ...toListed(client), url, snippets }));
  for (const { where, text } of options.json ? [] : snippets) {
    writeErr(`${client.title}: this goes into ${where}\n\n`);
    writeOut(`${text}\n`);
    writeErr('\n');
  }
  if (!options.json) writeErr(`${snippets.length === 0 ? `${client.title}: ` : ''}${client.note}\n`);
  if (client.remote && snippets.length > 0 && !isPublic(url))
    writeErr(`${url} cannot be reached from there: it needs a public https URL; pass it as --url.\n`);
}

function findClient(name: string): Client {
  const found = CLIENTS.find((client) => client.name === name);
  if (found !== undefined) return found;
  const names = CLIENTS.map((client) => client.name);
  const near = nearest(name, names);
  throw new LatchkeyError('E_CLIENT_UNKNOWN', `There are no settings for "${name}".`, {
    hint: near === null ? `known are ${names.join(', ')}` : `did you mean ${near}? \`latchkey connect\` lists all`,
  });
}

function needsToken(client: Client): boolean {
  return client.snippets.some(({ template }) => template.includes('{{token}}'));
}

// What is left means the same in JSON, in quotes of a shell, TypeScript and Python, and in a here-document.
const SAFE_URL = /^[\w\-.~:/%@[\]+,;=()]+$/;

function checkUrl(given: string): string {
  const url = URL.parse(given);
  const sound = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (sound && SAFE_URL.test(url.href)) return url.href;
  throw new LatchkeyError('E_USAGE', '--url is no http or https URL without user, query and fragment.', {
    hint: `use the URL that \`latchkey run\` printed, such as ${DEFAULT_URL}`,
  });
}

// RFC 6750 §2.1: what may follow "Bearer" in a header, and what the gateway takes.
const TOKEN = /^[A-Za-z0-9._~+/=:-]{1,4096}$/;

function readToken(file: string | undefined): string {
  const text = file === undefined ? process.env[VARIABLE] : readSecret('--token-file', { file }, process.env).reveal();
  if (text === undefined || text === '') return `$${VARIABLE}`;
  if (TOKEN.test(text)) return text;
  throw new LatchkeyError('E_USAGE', `${file ?? `$${VARIABLE}`} does not hold a bearer token.`, {
    hint: 'put the token alone there, as it was shown when it was made',
  });
}

function isPublic(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' && !isLoopback(hostname);
}

function listClients(): string {
  const width = Math.max(...CLIENTS.map(({ name }) => name.length));
  return CLIENTS.map(
    ({ name, title, snippets }) =>
      `${name.padEnd(width)}  ${title}${snippets.length === 0 ? ' (not with a token alone)' : ''}\n`,
  ).join('');
}

function toListed({ name, title, note, remote, snippets }: Client) {
  return { name, title, possible: snippets.length > 0, needsPublicUrl: remote, note };
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
