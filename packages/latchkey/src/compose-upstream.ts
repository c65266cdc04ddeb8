import { createTools } from './compose-tools.ts';
import { createUpstreamAuth } from './compose-upstream-auth.ts';
import { version } from './compose-version.ts';
import { toServerKey } from './config/check-settings.ts';
import type { Config, ServerConfig, UpstreamConfig } from './config/config.ts';
import type { LiveSecrets } from './config/live-secrets.ts';
import { readAuthorities } from './config/tls-files.ts';
import type { PublishedDocument } from './core/endpoint.ts';
import { LatchkeyError } from './core/error.ts';
import type { Log } from './core/log.ts';
import type { Secret } from './core/secret.ts';
import type { Awaitable } from './core/store.ts';
import type { Upstream } from './core/upstream.ts';
import { createHttpUpstream } from './upstream/http.ts';
import { isHeaderValue } from './upstream/http/request-head.ts';
import { createIdentityKeys, type IdentityKeys } from './upstream/identity/identity-keys.ts';
import { createSignIdentity } from './upstream/identity/sign-identity.ts';
import { createStdioUpstream, type StdioUpstream } from './upstream/stdio.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const CONNECT_TIMEOUT_MS = 10_000;

/** What every server is given. */
export interface UpstreamAround {
  readonly env: Environment;
  readonly secrets: LiveSecrets;
  readonly log: Log;
  /** What says who asks is signed with these; null where no server is told. */
  readonly identityKeys: IdentityKeys | null;
  /** Origin of this gateway, known once it listens. */
  readonly origin: () => string;
}

/** The server behind one path, not started yet. Throws a LatchkeyError where the configuration names none or a bad one. */
export function createUpstream(server: ServerConfig, config: Config, around: UpstreamAround): Upstream | StdioUpstream {
  const { env, secrets, log } = around;
  const { upstream } = server;
  const { limits } = config;
  if (upstream === null) {
    throw new LatchkeyError('E_UPSTREAM_MISSING', 'There is no MCP server to protect.', {
      hint: 'name one: `latchkey run -- COMMAND ARGS…`, `latchkey run --upstream URL`, `latchkey run --tools FILE`, or `upstream:` in latchkey.yaml (`latchkey init` writes one)',
    });
  }
  if (upstream.kind === 'http') return createHttp(server.name, upstream, limits, around);
  if (upstream.kind === 'tools') return createTools(upstream, server, config, { env, log });
  return createStdioUpstream({
    command: [upstream.command, ...upstream.args],
    cwd: upstream.cwd,
    env: readEnvironment(upstream.env, toServerKey(server.name, 'upstream.env'), secrets),
    shareSessions: upstream.shareSessions,
    maxChildren: limits.children,
    sessionYieldMs: limits.sessionYield,
    callTimeoutMs: upstream.timeoutMs,
    maxLineBytes: limits.responseBytes,
    startTimeoutMs: limits.startTimeout,
    protocol: server.protocol,
    version,
    log,
  });
}

/** The keys that say who asks; null where no server is told. `secret` is 32 random bytes, hex. */
export async function loadIdentityKeys(
  { servers }: Config,
  secret: () => Awaitable<string>,
): Promise<IdentityKeys | null> {
  const told = servers.some(({ upstream }) => upstream?.kind === 'http' && upstream.identity !== null);
  return told ? createIdentityKeys(await secret()) : null;
}

/** What a server needs to know that it is this gateway that says who asks. */
export function publishIdentityKeys(keys: IdentityKeys): PublishedDocument {
  return { path: '/.latchkey/jwks', body: () => ({ status: 200, body: keys.keySetAt(Date.now()) }) };
}

function createHttp(
  server: string,
  upstream: Extract<UpstreamConfig, { kind: 'http' }>,
  limits: Config['limits'],
  { secrets, log, identityKeys: keys, origin: issuer }: UpstreamAround,
): Upstream {
  const { identity } = upstream;
  const ca = readAuthorities(upstream.ca);
  const made = createHttpUpstream({
    url: new URL(upstream.url),
    identity:
      identity === null || keys === null
        ? null
        : { header: identity.header, sign: createSignIdentity({ keys, issuer, audience: identity.audience }) },
    tokens: createUpstreamAuth(upstream, { server, secrets, log }),
    tls: ca === null ? {} : { ca },
    callTimeoutMs: upstream.timeoutMs,
    callMaxMs: Math.max(limits.callMax, upstream.timeoutMs),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    maxResponseBytes: limits.responseBytes,
  });
  const at = toServerKey(server, 'upstream.headers');
  secrets.hand(upstream.headers, at, (read) => {
    made.setHeaders(toHeaders(read, at));
    return true;
  });
  return made;
}

/** A process that runs keeps the environment that it was started with, and the next one is not to have another. */
function readEnvironment(
  env: Extract<UpstreamConfig, { kind: 'stdio' }>['env'],
  at: string,
  secrets: LiveSecrets,
): Readonly<Record<string, string>> {
  let found: Readonly<Record<string, string>> | null = null;
  secrets.hand(env, at, (read) => {
    if (found !== null) return false;
    found = Object.fromEntries([...read].map(([name, secret]) => [name, secret.reveal()]));
    return true;
  });
  return found ?? {};
}

function toHeaders(secrets: ReadonlyMap<string, Secret>, at: string): readonly string[] {
  return [...secrets].flatMap(([name, secret]) => {
    const value = secret.reveal();
    if (isHeaderValue(value)) return [name.toLowerCase(), value];
    throw new LatchkeyError(
      'E_CONFIG_INVALID',
      `${at}.${name} has a character that no header can carry, such as a line break.`,
      { hint: 'give the value in one line of plain text; a file must hold nothing else' },
    );
  });
}
