import { createTools } from './compose-tools.ts';
import type { Config, ServerConfig, UpstreamConfig } from './config/config.ts';
import { resolveSecrets } from './config/secret-source.ts';
import { readCertificate } from './config/tls-files.ts';
import { LatchkeyError } from './core/error.ts';
import type { Upstream } from './core/upstream.ts';
import { createHttpUpstream } from './upstream/http.ts';
import { isHeaderValue } from './upstream/http/request-head.ts';
import { createStdioUpstream, type StdioUpstreamOptions, type StdioUpstream } from './upstream/stdio.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const CONNECT_TIMEOUT_MS = 10_000;

/** The server behind one path, not started yet. Throws a LatchkeyError where the configuration names none or a bad one. */
export function createUpstream(
  server: ServerConfig,
  config: Config,
  env: Environment,
  log: StdioUpstreamOptions['log'],
): Upstream | StdioUpstream {
  const { upstream } = server;
  const { limits } = config;
  if (upstream === null) {
    throw new LatchkeyError('E_UPSTREAM_MISSING', 'There is no MCP server to protect.', {
      hint: 'name one: `latchkey run -- COMMAND ARGS…`, `latchkey run --upstream URL`, `latchkey run --tools FILE`, or `upstream:` in latchkey.yaml (`latchkey init` writes one)',
    });
  }
  if (upstream.kind === 'http') return createHttp(upstream, limits, env);
  if (upstream.kind === 'tools') return createTools(upstream, server, config, { env, log });
  return createStdioUpstream({
    command: [upstream.command, ...upstream.args],
    cwd: upstream.cwd,
    env: revealed(upstream.env, env),
    maxChildren: limits.children,
    callTimeoutMs: upstream.timeoutMs,
    maxLineBytes: limits.responseBytes,
    startTimeoutMs: limits.startTimeout,
    protocol: server.protocol,
    log,
  });
}

function createHttp(
  upstream: Extract<UpstreamConfig, { kind: 'http' }>,
  limits: Config['limits'],
  env: Environment,
): Upstream {
  return createHttpUpstream({
    url: new URL(upstream.url),
    headers: toHeaders(revealed(upstream.headers, env)),
    tls: upstream.ca === null ? {} : { ca: readCertificate(upstream.ca) },
    callTimeoutMs: upstream.timeoutMs,
    callMaxMs: Math.max(limits.callMax, upstream.timeoutMs),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    maxResponseBytes: limits.responseBytes,
  });
}

function revealed(values: Parameters<typeof resolveSecrets>[0], env: Environment): Record<string, string> {
  return Object.fromEntries([...resolveSecrets(values, env)].map(([name, secret]) => [name, secret.reveal()]));
}

function toHeaders(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (isHeaderValue(value)) return [name.toLowerCase(), value];
    throw new LatchkeyError(
      'E_CONFIG_INVALID',
      `upstream.headers.${name} has a character that no header can carry, such as a line break.`,
      { hint: 'give the value in one line of plain text; a file must hold nothing else' },
    );
  });
}
