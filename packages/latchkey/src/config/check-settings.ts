import { isStoreUrl } from '../core/store-url.ts';
import { isLoopbackHost } from './address.ts';
import { checkIssuers } from './check-issuers.ts';
import { checkLookups } from './check-lookups.ts';
import { invalid } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Settings } from './schema.ts';
import { checkUpstreamAuth } from './check-upstream-auth.ts';
import type { Path } from './yaml-document.ts';

type Where = (...path: Path) => string;
type Upstream = NonNullable<Settings['upstream']>;

/** The name of the one server of a file without `servers`. */
export const SINGLE_SERVER = 'default';

/** What a setting of a server is called in the configuration. */
export const toServerKey = (server: string, key: string): string =>
  server === SINGLE_SERVER ? key : `servers.${server}.${key}`;

const SERVER_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
const RESERVED = new Set([
  SINGLE_SERVER,
  'admin',
  'healthz',
  'latchkey',
  'mcp',
  'messages',
  'metrics',
  'oauth',
  'readyz',
  'sse',
  'well-known',
]);
/** Where this gateway, or a client on its behalf, looks for something else than a server (RFC 8615). */
const OWN_PATH = /^\/(?:\.well-known|\.latchkey|%2e)/i;
const TOP_ONLY = ['upstream', 'protocol', 'pin', 'tools', 'resources', 'prompts', 'methods', 'list'] as const;

interface Around {
  /** What was written, before defaults. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly where: Where;
  /** The flag that names a server, if one does, and the file that may have others. */
  readonly single: { readonly flag: string; readonly file: string } | null;
}

/** What fields cannot tell alone: how they go together, and with what is around them. */
export function checkSettings(settings: Settings, around: Around): Problem[] {
  const { env, where } = around;
  return [
    ...checkExposure(settings, where),
    ...checkOpenDoor(settings, env, where),
    ...checkServers(settings, around),
    ...checkRotation(settings, where),
    ...checkStore(settings, where),
    ...checkIssuers(settings, where),
    ...checkLookups(settings, where),
  ];
}

function checkExposure({ listen, publicUrl, tls, behindProxy }: Settings, where: Where): Problem[] {
  const problems: Problem[] = [];
  const beyond = !isLoopbackHost(listen.host);
  if (beyond && tls === undefined && behindProxy === undefined) {
    problems.push({
      code: 'E_ADDRESS_REFUSED',
      where: where('listen'),
      message: `${listen.host} can be reached from other machines, and credentials would cross the network in clear`,
      hint: 'set tls: {cert, key}, or behindProxy: {trusted: […]} if a proxy ends TLS, or listen on loopback',
    });
  }
  const host = publicUrl === undefined ? null : new URL(publicUrl).hostname;
  if (beyond && host === null) {
    problems.push({
      code: 'E_PUBLIC_URL',
      where: where('listen'),
      message: 'beyond loopback the gateway must know its public URL, since nothing is built from the Host header',
      hint: 'set publicUrl (LATCHKEY_PUBLIC_URL, --public-url), for example https://mcp.example.com',
    });
  }
  if (publicUrl !== undefined && OWN_PATH.test(new URL(publicUrl).pathname)) {
    problems.push(invalid(where('publicUrl'), "its path is one of the gateway's own", 'take another path'));
  }
  const foreign = host !== null && !isLoopbackHost(host);
  if (foreign && !publicUrl?.startsWith('https:')) {
    problems.push({
      code: 'E_PUBLIC_URL',
      where: where('publicUrl'),
      message: 'a public URL beyond loopback must be https',
      hint: 'use the https URL that clients connect to',
    });
  }
  return problems;
}

/** Without authentication nobody else may come near. */
function checkOpenDoor(
  { listen, publicUrl, behindProxy, auth }: Settings,
  env: Around['env'],
  where: Where,
): Problem[] {
  if (auth.enabled) return [];
  const foreign = publicUrl !== undefined && !isLoopbackHost(new URL(publicUrl).hostname);
  const production = env['NODE_ENV'] === 'production';
  if (isLoopbackHost(listen.host) && !foreign && behindProxy === undefined && !production) return [];
  return [
    {
      code: 'E_AUTH_OFF',
      where: where('auth', 'enabled'),
      message: production
        ? 'authentication may not be off in production'
        : 'authentication may be off on loopback only',
      hint: 'turn auth on, or listen on loopback without publicUrl, behindProxy and NODE_ENV=production',
    },
  ];
}

function checkServers(settings: Settings, { given, where, single }: Around): Problem[] {
  const { servers, upstream } = settings;
  if (servers === undefined)
    return upstream === undefined ? [] : checkUpstream(upstream, settings.auth, where, ['upstream']);
  const problems = TOP_ONLY.filter((key) => given[key] !== undefined).map((key) =>
    key === 'upstream' && single !== null
      ? oneAndSeveral(single)
      : invalid(where(key), `${key} belongs to each server when there are servers`),
  );
  if (Object.keys(servers).length === 0) problems.push(invalid(where('servers'), 'names no server'));
  for (const [name, server] of Object.entries(servers)) {
    const path = ['servers', name] as const;
    if (!SERVER_NAME.test(name))
      problems.push(invalid(where(...path), 'a server name is of small letters, digits and -, 32 at most'));
    if (RESERVED.has(name))
      problems.push(invalid(where(...path), `${name} is a path of the gateway's own; take another name`));
    if (server.upstream === undefined) problems.push(invalid(where(...path), 'upstream is missing'));
    else problems.push(...checkUpstream(server.upstream, settings.auth, where, [...path, 'upstream']));
  }
  return problems;
}

function oneAndSeveral({ flag, file }: NonNullable<Around['single']>): Problem {
  const hint = 'leave it out to protect these, or name another file with --config';
  return invalid(flag, `names one server, and ${file} has several under servers:`, hint);
}

/** What names a server, in words, and what only another kind of it has. */
const UPSTREAM_KINDS = {
  command: { words: 'a command', foreign: ['headers', 'identity', 'auth', 'tls'] },
  url: { words: 'a url', foreign: ['cwd', 'env', 'sessions'] },
  tools: { words: 'tools', foreign: ['cwd', 'env', 'sessions', 'headers', 'identity', 'auth', 'tls', 'timeout'] },
} as const;

function checkUpstream(upstream: Upstream, auth: Settings['auth'], where: Where, path: Path): Problem[] {
  const { command, url, headers, tls } = upstream;
  const [kind, ...others] = (['command', 'url', 'tools'] as const).filter((key) => upstream[key] !== undefined);
  if (kind === undefined || others.length > 0)
    return [invalid(where(...path), 'give exactly one of command, url and tools')];
  const problems = UPSTREAM_KINDS[kind].foreign
    .filter((key) => upstream[key] !== undefined)
    .map((key) => invalid(where(...path, key), `${key} is for ${wordsFor(key)}`));
  if (command !== undefined && command[0]?.trim() === '')
    problems.push(invalid(where(...path, 'command'), 'names no program'));
  if (url?.startsWith('http:') && !isLoopbackHost(new URL(url).hostname) && tls?.insecure !== true) {
    problems.push(
      invalid(
        where(...path, 'url'),
        'plain http would cross the network in clear',
        'use https, or set upstream.tls.insecure: true if the network is yours',
      ),
    );
  }
  const names = Object.keys(headers ?? {}).map((name) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problems.push(invalid(where(...path, 'headers'), `has ${twice} twice`));
  if (kind === 'url') problems.push(...checkUpstreamAuth(upstream, auth, (...more) => where(...path, ...more)));
  return problems;
}

function wordsFor(key: (typeof UPSTREAM_KINDS)['tools']['foreign'][number]): string {
  const kinds = Object.values(UPSTREAM_KINDS).filter(({ foreign }) => !(foreign as readonly string[]).includes(key));
  return kinds.map(({ words }) => words).join(' or ');
}

function checkRotation({ auth }: Settings, where: Where): Problem[] {
  const { ttl, rotate } = auth.tokens;
  if (rotate === undefined || rotate.every < ttl) return [];
  return [
    invalid(
      where('auth', 'tokens', 'rotate', 'every'),
      'must be shorter than auth.tokens.ttl, or the token ends before it is replaced',
    ),
  ];
}

function checkStore({ store }: Settings, where: Where): Problem[] {
  if (store === undefined || !isStoreUrl(store)) return [];
  return [invalid(where('store'), 'is a URL; this version keeps its store in a directory')];
}
