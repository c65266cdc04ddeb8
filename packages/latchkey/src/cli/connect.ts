import { Option, type Command } from 'commander';
import { nearest } from '../core/nearest.ts';
import { readSecret } from '../config/secret-source.ts';
import { isLoopbackHost } from '../config/address.ts';
import { LatchkeyError } from '../core/error.ts';
import {
  fillEntries,
  fillTemplate,
  holdsToken,
  VARIABLE,
  type Client,
  type Scope,
  type Values,
} from './connect/client.ts';
import { DEVELOPER_CLIENTS } from './connect/developer-clients.ts';
import { FILE_CLIENTS } from './connect/file-clients.ts';
import { HOSTED_CLIENTS } from './connect/hosted-clients.ts';
import { renderSettings } from './connect/render-settings.ts';

const DEFAULT_URL = 'http://127.0.0.1:8787/mcp';

/** Every client that `latchkey connect` knows, in the order they are listed. */
export const CLIENTS: readonly Client[] = [...FILE_CLIENTS, ...HOSTED_CLIENTS, ...DEVELOPER_CLIENTS];

interface ConnectOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly write?: true;
  readonly scope?: Scope;
  readonly file?: string;
  readonly yes?: true;
  readonly json?: true;
}

/**
 * `latchkey connect [CLIENT]`: settings on stdout, advice on stderr; with --write into the client's own file. Fails with
 * E_CLIENT_UNKNOWN, E_USAGE, E_SECRET_MISSING or E_CLIENT_FILE.
 */
export function addConnectCommand(program: Command): void {
  program
    .command('connect')
    .summary("print settings for an MCP client, or put them into the client's file")
    .description(
      `Print paste-ready settings for an MCP client; without CLIENT, list the clients.\nWhere a client can read ${VARIABLE} itself or ask for the token, no token is printed.`,
    )
    .argument('[client]', 'name of the client')
    .option('--url <url>', 'URL of the protected server', DEFAULT_URL)
    .option(
      '--token-file <file>',
      `file with the token, for clients that need it written out (default: $${VARIABLE}, else a placeholder)`,
    )
    .option('--write', "change the client's settings file: show what changes, ask, keep a copy")
    .addOption(new Option('--scope <scope>', 'with --write: for you, or for this folder').choices(['user', 'project']))
    .option('--file <file>', 'with --write: the settings file, where it is another')
    .option('--yes', 'with --write: do not ask')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  latchkey connect
  latchkey connect claude-code > .mcp.json
  latchkey connect cursor --scope user --write
  (umask 077; latchkey token create desktop > ~/.latchkey-desktop)
  latchkey connect claude-desktop --token-file ~/.latchkey-desktop --write --yes`,
    )
    .action((name: string | undefined, options: ConnectOptions, command: Command) => {
      const writers = command.configureOutput() as Writers;
      if (options.write === true) return write(requireName(name), options, writers);
      refuseWithoutWrite(options);
      if (name === undefined) writers.writeOut(options.json ? toJson(CLIENTS.map(toListed)) : listClients());
      else print(findClient(name), options, writers);
      return undefined;
    });
}

interface Writers {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

async function write(name: string, options: ConnectOptions, { writeOut, writeErr }: Writers): Promise<void> {
  const client = findClient(name);
  const values = readValues(client, options);
  if (holdsToken(client) && values.token === PLACEHOLDER) {
    throw new LatchkeyError('E_SECRET_MISSING', `${client.title} needs the token written out, and none was given.`, {
      hint: `give --token-file, or set ${VARIABLE}`,
    });
  }
  const { writeSettings } = await import('./connect/write-settings.ts');
  const written = await writeSettings(client, values, options, writeErr);
  if (written === null) {
    process.exitCode = 1;
    return;
  }
  writeErr(adviceFor(client, values));
  writeOut(options.json ? toJson(written) : `${written.file}\n`);
}

function print(client: Client, options: ConnectOptions, { writeOut, writeErr }: Writers): void {
  const values = readValues(client, options);
  const snippets = toSnippets(client, values);
  if (options.json) {
    writeOut(toJson({ ...toListed(client), url: values.url, setup: setupFor(client), snippets }));
    return;
  }
  for (const { where, text } of snippets) {
    writeErr(`${client.title}: this goes into ${where}\n\n`);
    writeOut(`${text}\n`);
    writeErr('\n');
  }
  writeErr(`${snippets.length === 0 ? `${client.title}: ` : ''}${adviceFor(client, values)}`);
}

function toSnippets({ settings, snippets }: Client, values: Values) {
  const texts = snippets.map(({ where, format, template }) => ({
    where,
    format,
    text: fillTemplate(template, values),
  }));
  if (settings === null) return texts;
  const { where, format, entries } = settings;
  const text = renderSettings(format, fillEntries(entries, values)).trimEnd();
  return [{ where, format: format === 'toml' ? format : 'json', text }, ...texts];
}

function adviceFor(client: Client, { url }: Values): string {
  const setup = setupFor(client);
  const lines = [
    ...(setup === null ? [] : [`Set the variable, here with a new token: ${setup}`]),
    client.note,
    ...(client.remote && isPossible(client) && !isPublic(url)
      ? [`${url} cannot be reached from there: it needs a public https URL; pass it as --url.`]
      : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** The line for a shell that sets the variable; null where the client does not read it from there. */
function setupFor(client: Client): string | null {
  const texts = [JSON.stringify(client.settings?.entries ?? []), ...client.snippets.map(({ template }) => template)];
  if (!texts.some((text) => text.includes(VARIABLE))) return null;
  return `export ${VARIABLE}=$(latchkey token create ${client.name})`;
}

function requireName(name: string | undefined): string {
  if (name !== undefined) return name;
  throw new LatchkeyError('E_USAGE', '--write needs the name of a client.', { hint: '`latchkey connect` lists them' });
}

function refuseWithoutWrite({ scope, file, yes }: ConnectOptions): void {
  const given = Object.entries({ scope, file, yes }).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  throw new LatchkeyError('E_USAGE', `--${given[0]} says how to write, and --write is not there.`, {
    hint: 'add --write, or leave it out',
  });
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

const PLACEHOLDER = `$${VARIABLE}`;

function readValues(client: Client, options: ConnectOptions): Values {
  return { url: checkUrl(options.url), token: holdsToken(client) ? readToken(options.tokenFile) : '' };
}

// What is left means the same in JSON, TOML, in quotes of a shell, TypeScript and Python, and in a here-document.
const UNSAFE = /[^\w\-.~:/%@[\]+,;=()]/;

function checkUrl(given: string): string {
  const url = URL.parse(given);
  const wrong = url === null ? 'is no URL' : findFlaw(url);
  if (url !== null && wrong === null) return url.href;
  throw new LatchkeyError('E_USAGE', `--url ${wrong}.`, {
    hint: `use the URL that \`latchkey run\` printed, such as ${DEFAULT_URL}`,
  });
}

function findFlaw({ href, protocol, username, password }: URL): string | null {
  if (!/^https?:$/.test(protocol)) return `is of ${protocol}, and no http or https URL`;
  if (username !== '' || password !== '') return 'has a user or password in it, and the token is what lets in';
  if (href.includes('?')) return 'has a query, which no URL of Latchkey has';
  if (href.includes('#')) return 'has a fragment, which is never sent';
  const unsafe = UNSAFE.exec(href)?.[0];
  return unsafe === undefined ? null : `has ${unsafe} in it, which a shell or a client may read as something else`;
}

// RFC 6750 §2.1: what may follow "Bearer" in a header, and what the gateway takes.
const TOKEN = /^[A-Za-z0-9._~+/=:-]{1,4096}$/;

function readToken(file: string | undefined): string {
  const text = file === undefined ? process.env[VARIABLE] : readSecret('--token-file', { file }, process.env).reveal();
  if (text === undefined || text === '') return PLACEHOLDER;
  if (TOKEN.test(text)) return text;
  throw new LatchkeyError('E_USAGE', `${file ?? PLACEHOLDER} does not hold a bearer token.`, {
    hint: 'put the token alone there, as it was shown when it was made',
  });
}

function isPublic(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' && !isLoopbackHost(hostname);
}

function isPossible({ settings, snippets }: Client): boolean {
  return settings !== null || snippets.length > 0;
}

function listClients(): string {
  const width = Math.max(...CLIENTS.map(({ name }) => name.length));
  return CLIENTS.map(
    (client) =>
      `${client.name.padEnd(width)}  ${client.title}${isPossible(client) ? '' : ' (not with a token alone)'}\n`,
  ).join('');
}

function toListed(client: Client) {
  const { name, title, note, remote, settings } = client;
  return {
    name,
    title,
    possible: isPossible(client),
    needsPublicUrl: remote,
    scopes: settings?.files.map(({ scope }) => scope) ?? [],
    note,
  };
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
