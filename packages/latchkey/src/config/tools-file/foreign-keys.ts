import { isTree } from '../layers.ts';
import type { Path } from '../yaml-document.ts';

const SECRET_FREE = /^[A-Za-z][\w.-]{0,31}$/;

/** Keys that the format's documentation shows, or that users will try, and what stands for them here. */
const FILE_KEYS: Readonly<Record<string, (value: unknown) => string>> = {
  auth: (value) => `credentials do not stand in this file; ${suggestTokens(value)}`,
  tokens: () => 'credentials do not stand in this file; `latchkey token create NAME --scope SCOPE` makes one',
  roles: () =>
    'roles are scopes here: give a tool its `role`, a token the scope (`latchkey token create NAME --scope role:admin`), and say what a role includes with `scopes: {role:admin: {implies: [role:viewer]}}` in latchkey.yaml',
  rbac: () => 'roles are scopes here: `tools` and `scopes` in latchkey.yaml',
  permissions: () => 'scopes stand in latchkey.yaml: `tools: {NAME: {scopes: [file:read]}}`',
  rate_limit: (value) =>
    `the limit of a caller over all tools is \`limits: {callsPerCredential: ${suggestRate(value)}}\` in latchkey.yaml; that of one tool stands at the tool`,
  limits: () => 'limits stand in latchkey.yaml under `limits`',
  validation: () => 'validation belongs to a parameter: `parameters: [{name, validation: {pattern, max_length}}]`',
  governance: () => 'who may call what stands in latchkey.yaml under `tools`',
  timeout: () => 'write it at each tool, or in its script or http',
  timeouts: () => 'write `timeout` at each tool, as one duration such as 30s',
  network: () => 'write `sandbox: {network: true}`',
  parameters: () => 'parameters belong to a tool',
  script: () => 'script belongs to a tool',
  listen: () => 'where to listen is `listen` in latchkey.yaml, or --listen',
  '<<': () => 'merge keys are not read; repeat the keys',
};

const TOOL_KEYS: Readonly<Record<string, string>> = {
  handler: 'a handler is code of a server of your own; write script: {command, args} or http',
  scopes: 'scopes stand in latchkey.yaml: `tools: {NAME: {scopes: [file:read]}}`; or give the tool a `role`',
  permissions: 'scopes stand in latchkey.yaml: `tools: {NAME: {scopes: [file:read]}}`; or give the tool a `role`',
  auth: 'who may call a tool stands in latchkey.yaml under `tools`',
  roles: 'a tool has one `role`; what a role includes stands in latchkey.yaml under `scopes`',
  governance: 'who may call a tool stands in latchkey.yaml under `tools`',
  validation: 'validation belongs to a parameter',
  shell: 'write it in script: {shell}',
  command: 'write it in script: {command}',
  args: 'write it in script: {args}',
  working_dir: 'write it in script: {working_dir}',
  url: 'write it in http: {url}',
  tests: 'write `test`',
  '<<': 'merge keys are not read; repeat the keys',
};

const SERVER_KEYS: Readonly<Record<string, string>> = {
  host: 'where to listen is `listen` in latchkey.yaml, or --listen HOST:PORT',
  tls: 'certificates stand in latchkey.yaml under `tls`',
  cors: 'origins of web pages stand in latchkey.yaml under `origins`',
  auth: 'credentials do not stand in this file; `latchkey token create NAME` makes one',
};

const INNER_KEYS: Readonly<Record<string, string>> = {
  audit: 'every call is in the trail, which is set up in latchkey.yaml: `trail: {retention: 90d}`',
  sandbox: 'a sandbox is bubblewrap and has one setting, network: true or false',
  rate_limit:
    'a rate is one of requests_per_second, requests_per_minute and requests_per_hour; as many may come at once',
};

const ACTION_KEYS: Readonly<Record<string, string>> = {
  stdin: 'a script has no standard input; take $GANTZ_ARG_NAME, or write command <<< "{{name}}" in shell',
  query: 'write the query in the url; values are encoded there: https://host/path?q={{q}}',
  params: 'write the query in the url; values are encoded there: https://host/path?q={{q}}',
  env: 'write `environment` at the tool',
  environment: 'write `environment` at the tool',
  auth: 'write a header: headers: {Authorization: "Bearer ${TOKEN}"}',
};

/** What to write instead of a key that is none here; null when there is nothing to say. Quotes no value that may be secret. */
export function explainForeign(root: unknown, path: Path): string | null {
  const key = String(path.at(-1));
  if (path.length === 1) return own(FILE_KEYS, key)?.(isTree(root) ? root[key] : undefined) ?? null;
  if (path.length === 2 && path[0] === 'server') return own(SERVER_KEYS, key) ?? null;
  const inner = own(INNER_KEYS, String(path.at(-2)));
  if (inner !== undefined) return inner;
  if (path.length === 4 && path[0] === 'tools' && (path[2] === 'script' || path[2] === 'http')) {
    return own(ACTION_KEYS, key) ?? null;
  }
  return path.length === 3 && path[0] === 'tools' ? (own(TOOL_KEYS, key) ?? null) : null;
}

function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** One command for each token, with its permissions as scopes and without its value. */
function suggestTokens(auth: unknown): string {
  const tokens = isTree(auth) && Array.isArray(auth['tokens']) ? (auth['tokens'] as unknown[]) : [];
  const commands = tokens.slice(0, 5).flatMap((token) => (isTree(token) ? [suggestToken(token)] : []));
  if (commands.length === 0) return '`latchkey token create NAME --scope SCOPE` makes one, and shows it once';
  return `write ${commands.join(' and ')}, and the scopes each tool needs in latchkey.yaml under \`tools\``;
}

function suggestToken({ name, permissions }: Readonly<Record<string, unknown>>): string {
  const scopes = Array.isArray(permissions) ? permissions.filter(isHarmless) : [];
  const flags = (scopes.length === 0 ? ['SCOPE'] : scopes).map((scope) => ` --scope ${scope}`).join('');
  return `\`latchkey token create ${isHarmless(name) ? name : 'NAME'}${flags}\``;
}

/** A name or permission, and not by mistake a token. */
function isHarmless(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    (SECRET_FREE.test(value) || /^[a-z]+:[a-z]+$/.test(value)) &&
    !/\d{3}|^(?:gtz|sk|lk)_/i.test(value)
  );
}

function suggestRate(value: unknown): string {
  const rate = isTree(value) ? value['requests_per_minute'] : undefined;
  return typeof rate === 'number' ? `${rate}/min` : '100/min';
}
