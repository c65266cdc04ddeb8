/**
 * Writes what is made from data: docs/config.md and latchkey.schema.json from the configuration's schema, docs/issuers.md
 * from the presets, the table of docs/check.md from the probes, that of reasons in docs/trail.md, docs/api and the options of docs/library.md from the types of the library's doors, and what
 * the package has of the repository's own files.
 * With --check nothing is written; the exit code is 1 when a file is not what it should be.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { apiPages } from './generate/api.ts';
import { issuersPage } from './generate/issuers.ts';
import { withOptions } from './generate/options.ts';
import { withProbes } from './generate/probes.ts';
import { withReasons } from './generate/reasons.ts';
import { toJsonSchema } from '../packages/latchkey/src/config/json-schema.ts';

interface Schema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
}

const INTRODUCTION = `# Configuration

One YAML file, \`latchkey.yaml\`. Every key has a default, so the smallest useful file names a server and its rules:

\`\`\`yaml
upstream: { command: [npx, -y, "@modelcontextprotocol/server-filesystem", ./data] }
tools:
  read_*:     { scopes: [file:read] }
  write_file: { scopes: [file:write], when: args.path.startsWith("/data/") }
\`\`\`

- Flags go before environment variables (\`LATCHKEY_LISTEN\`, \`LATCHKEY_PUBLIC_URL\`, \`LATCHKEY_STORE\`, \`LATCHKEY_PROTOCOL\`), those before the file, the file before defaults. \`latchkey config show\` prints each value with its origin.
- Times have a unit: \`250ms\`, \`90s\`, \`10m\`, \`24h\`, \`30d\`. Rates are \`20/min\`, \`5/s\`, \`1000/h\`. Sizes are \`64KiB\`, \`1MiB\` (of 1024) or \`64kB\`, \`1MB\` (of 1000).
- Secrets are \`{env: NAME}\` or \`{file: PATH}\`; the file must be readable by its owner only. A running gateway follows these files ([running.md](running.md#secrets-in-files)).
- Paths in the file are relative to the file, those of flags and variables to the working directory.
- Unknown keys, rules that can never match and conditions that do not compile are refused, each with its line and column.

## Rules

An exact name beats a glob; among globs the first that matches holds. In a glob \`*\` stands for any run of characters, and nothing else is special. Once any rule exists, what has no rule is denied. A URI that two programs could read in two ways (dot segments, encoded separators, another spelling of what an exact rule names) is judged by exact rules only.

A condition (\`when\`) is CEL. It sees \`args\`, \`principal\` (\`id\`, \`name\`, \`kind\`, \`client\`, \`scopes\`) and \`target\`; what it cannot evaluate, it refuses. It may use comparison, logic and arithmetic, \`in\`, \`has()\`, \`size()\`, \`startsWith()\`, \`endsWith()\`, \`contains()\`, \`matches()\` (RE2), \`indexOf()\`, \`lastIndexOf()\`, \`substring()\`, conversions, and at most three \`all()\`, \`exists()\` or \`exists_one()\`, not one in another, over their own elements and \`principal\`. \`contains()\`, \`indexOf()\`, \`lastIndexOf()\` and \`matches()\` take a literal text. Arguments of more than 2,500 values are refused.

## Keys

| key | value | default | meaning |
|---|---|---|---|
`;

function rowsOf(schema: Schema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return [rowOf(at, property), ...nestedRows(property, at)];
  });
}

function nestedRows(schema: Schema, at: string): string[] {
  const members =
    typeof schema.additionalProperties === 'object' ? rowsOf(schema.additionalProperties, `${at}.NAME`) : [];
  // The keys of one server are the same as those at the top.
  return at === 'servers' ? [] : [...rowsOf(schema, at), ...members];
}

function rowOf(at: string, schema: Schema): string {
  const preset =
    schema.default === undefined || typeof schema.default === 'object' ? '' : `\`${String(schema.default)}\``;
  const cells = [`\`${at}\``, kindOf(schema), preset, (schema.description ?? '').replaceAll('|', '\\|')];
  return `| ${cells.join(' | ')} |`;
}

function kindOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${String(each)}\``).join(', ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(kindOf))].join(' or ');
  if (schema.type === 'array') return `list of ${kindOf(schema.items ?? {})}`;
  if (schema.type === 'object') return 'mapping';
  return { string: 'text', integer: 'number', boolean: 'true or false' }[String(schema.type)] ?? String(schema.type);
}

/** As the repository's formatter wants it, so that what is generated passes the check of formatting. */
function format(name: string, text: string): string {
  const oxfmt = new URL('../node_modules/.bin/oxfmt', import.meta.url).pathname;
  const { status, stdout } = spawnSync(process.execPath, [oxfmt, `--stdin-filepath=${name}`], {
    input: text,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`oxfmt failed on ${name}`);
  return stdout;
}

const library = new URL('../docs/library.md', import.meta.url);
const api = apiPages();
const API = new URL('../docs/api/', import.meta.url);
const schema = toJsonSchema();
const check = new URL('../docs/check.md', import.meta.url);
const trail = new URL('../docs/trail.md', import.meta.url);
const outputs = [
  {
    file: new URL('../docs/config.md', import.meta.url),
    text: `${INTRODUCTION}${rowsOf(schema as Schema, '').join('\n')}\n`,
  },
  {
    file: new URL('../docs/issuers.md', import.meta.url),
    text: issuersPage(),
  },
  {
    file: new URL('../packages/latchkey/latchkey.schema.json', import.meta.url),
    text: format('latchkey.schema.json', JSON.stringify(schema)),
  },
  { file: check, text: withProbes(read(check)) },
  { file: trail, text: withReasons(read(trail)) },
  {
    file: new URL('../packages/latchkey/LICENSE', import.meta.url),
    text: read(new URL('../LICENSE', import.meta.url)),
  },
  { file: library, text: withOptions(read(library), `${api.get('latchkey.md')}${api.get('express.md')}`) },
  ...[...api].map(([page, text]) => ({ file: new URL(page, API), text })),
];

function read(file: URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Pages of doors that are no more. */
function leftOver(): readonly URL[] {
  mkdirSync(API, { recursive: true });
  return readdirSync(API)
    .map((name) => new URL(name, API))
    .filter(({ href }) => !outputs.some(({ file }) => file.href === href));
}

const stale = [
  ...outputs.filter(({ file, text }) => read(file) !== text),
  ...leftOver().map((file) => ({ file, text: null })),
];
if (process.argv.includes('--check')) {
  for (const { file } of stale)
    console.error(
      `${file.pathname.split('/').slice(-2).join('/')} is not what it is made from; run: node scripts/generate.ts`,
    );
  process.exitCode = stale.length > 0 ? 1 : 0;
} else
  for (const { file, text } of stale) {
    if (text === null) rmSync(file);
    else writeFileSync(file, text);
  }
