/**
 * Writes what is made from the configuration's schema, docs/config.md and latchkey.schema.json, and from the presets of
 * issuers, docs/issuers.md.
 * With --check nothing is written; the exit code is 1 when a file is not what it should be.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IssuerPreset } from '../packages/latchkey/src/config/issuers/preset.ts';
import { PRESETS } from '../packages/latchkey/src/config/issuers/presets.ts';
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
- Secrets are \`{env: NAME}\` or \`{file: PATH}\`; the file must be readable by its owner only.
- Paths in the file are relative to the file, those of flags and variables to the working directory.
- Unknown keys, rules that can never match and conditions that do not compile are refused, each with its line and column.

## Rules

An exact name beats a glob; among globs the first that matches holds. In a glob \`*\` stands for any run of characters, and nothing else is special. Once any rule exists, what has no rule is denied. A URI that two programs could read in two ways (dot segments, encoded separators, another spelling of what an exact rule names) is judged by exact rules only.

A condition (\`when\`) is CEL. It sees \`args\`, \`principal\` (\`id\`, \`name\`, \`kind\`, \`client\`, \`scopes\`) and \`target\`; what it cannot evaluate, it refuses. It may use comparison, logic and arithmetic, \`in\`, \`has()\`, \`size()\`, \`startsWith()\`, \`endsWith()\`, \`contains()\`, \`matches()\` (RE2), \`indexOf()\`, \`substring()\`, conversions, and at most three \`all()\`, \`exists()\` or \`exists_one()\`, not one in another, over their own elements and \`principal\`. \`contains()\`, \`indexOf()\` and \`matches()\` take a literal text. Arguments of more than 2,500 values are refused.

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

const ISSUERS = `# Issuers

Latchkey takes access tokens of issuers that you have already: it publishes where clients sign in (RFC 9728), checks the tokens that they bring back, and makes scopes of their claims.

\`\`\`yaml
publicUrl: https://mcp.example.com
auth:
  issuers:
    work:
      preset: okta
      issuer: https://ORG.okta.com/oauth2/default
\`\`\`

\`work\` is a name of your own: principals and the trail have it (\`issuer:work:SUBJECT\`). What a preset knows need not be written, and whatever you write wins over it. All keys are in [config.md](config.md), under \`auth.issuers.NAME\`.

The products themselves were not at hand. Each page names what was read, and when; tokens as documented there are tried in \`test/acceptance/jwt-presets.test.ts\`. Where something does not fit, \`latchkey trail\` says what: \`typ is not at+jwt; see auth.issuers.work.types\`.

| product | \`preset\` | must be set | header \`typ\` | scopes from | what differs |
|---|---|---|---|---|---|
`;

const ISSUERS_END = `
## What a token must be

- Signed by a key of the issuer with an algorithm of \`algorithms\`, or looked up there (\`introspection\`, \`userinfo\`).
- \`iss\` the issuer to the letter; \`exp\`, \`nbf\` and \`iat\` right within 30 seconds.
- \`aud\` the URL of the server that is asked, as clients know it (\`https://mcp.example.com/mcp\`), or what \`audience\` names. Other members are refused unless \`foreignAudiences\`: who is also named could use the token here.
- Without \`aud\`: refused, unless \`audienceClaim\` names a claim that stands for it.
- From a client of \`clients\`, where that is set.
- With the claims of \`require\`.

## Scopes

Rules ask for scopes ([policy.md](policy.md)); \`scopes\` says which a token gives: the words of \`claims\` as they stand, what \`map\` makes of groups and roles, and \`always\`.

\`\`\`yaml
      scopes:
        map:
          groups: { engineering: [file:read, file:write] }
\`\`\`

The scope \`*\` never comes from a token; \`always: ["*"]\` gives everything to whoever can get a token there. A claim that is an object gives its keys.

## Signing in through the gateway

Some issuers refuse what MCP clients send. For those (\`authorizationProxy: auto\`) clients sign in through \`/oauth/NAME\` of the gateway, which changes the request and passes the answer back; it keeps no token ([decision 028](../decisions/028-authorization-proxy.md)). Redirect URIs are registered at the issuer as before: the issuer answers the client itself. A proxy in front of the gateway must let \`/oauth/\` and \`/.well-known/\` through.

## User-info: the weak way

\`userinfo\` asks an issuer who the user of a token is. The answer says that the token is good for the issuer, not that it was made for this gateway: any application that the user ever signed in to could take its token here. So \`clients\` must be set, and a token counts only where the answer says which client it was given to. Take \`introspection\` wherever the issuer has it.
`;

const quote = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

function issuerRow([name, preset]: readonly [string, IssuerPreset]): string {
  const { title, issuer, needs = [], types = ['at+jwt'], scopeClaims = ['scope', 'scp'], lookup, remark } = preset;
  const set = [
    ...(issuer === undefined ? ['issuer'] : []),
    ...needs.map((need) => (need === 'lookup' ? 'introspection' : need)),
  ];
  const kind = lookup === undefined ? quote(types) : 'opaque';
  return `| [${title}](issuers/${name}.md) | \`${name}\` | ${quote(set)} | ${kind} | ${quote(scopeClaims) || '`scopes`'} | ${remark} |`;
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

const schema = toJsonSchema();
const outputs = [
  {
    file: new URL('../docs/config.md', import.meta.url),
    text: `${INTRODUCTION}${rowsOf(schema as Schema, '').join('\n')}\n`,
  },
  {
    file: new URL('../docs/issuers.md', import.meta.url),
    text: `${ISSUERS}${Object.entries(PRESETS).map(issuerRow).join('\n')}\n${ISSUERS_END}`,
  },
  {
    file: new URL('../packages/latchkey/latchkey.schema.json', import.meta.url),
    text: format('latchkey.schema.json', JSON.stringify(schema)),
  },
];

function read(file: URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const stale = outputs.filter(({ file, text }) => read(file) !== text);
if (process.argv.includes('--check')) {
  for (const { file } of stale)
    console.error(
      `${file.pathname.split('/').slice(-2).join('/')} is not what the schema makes; run: node scripts/generate.ts`,
    );
  process.exitCode = stale.length > 0 ? 1 : 0;
} else for (const { file, text } of stale) writeFileSync(file, text);
