import type { Config, ServerConfig, UpstreamConfig } from './config/config.ts';
import type { DeclaredTools } from './core/declared-tool.ts';
import type { Upstream } from './core/upstream.ts';
import { createToolsUpstream, type ToolsUpstream, type ToolsUpstreamOptions } from './upstream/tools.ts';
import { toInputSchema } from './upstream/tools/input-schema.ts';
import { createToolRunner } from './upstream/tools/runner.ts';
import { assertRunnable } from './upstream/tools/server-needs.ts';

// What the commands on a file of declared tools need, without the gateway's start-up time.
export { assertRunnable, createToolRunner };

type Environment = Readonly<Record<string, string | undefined>>;
type ToolsConfig = Extract<UpstreamConfig, { kind: 'tools' }>;

/** The server of a file of declared tools. Throws E_UPSTREAM_START when they cannot run here as they were declared. */
export function createTools(
  upstream: ToolsConfig,
  { protocol }: ServerConfig,
  { limits, store, tls }: Config,
  { env, log }: { readonly env: Environment; readonly log: ToolsUpstreamOptions['log'] },
): ToolsUpstream {
  const tools = toolsOf(upstream);
  assertRunnable(tools, env);
  return createToolsUpstream({
    tools,
    runner: createToolRunner({
      maxConcurrent: limits.children,
      hiddenPaths: [store, ...(tls === null ? [] : [tls.key])],
      environment: env,
    }),
    toInputSchema,
    protocol,
    callTimeoutMs: limits.callTimeout,
    log,
  });
}

/** Whether a server with declared tools before still has those of the same file, and any other still has none. */
export function servesSameTools(before: UpstreamConfig | null, next: UpstreamConfig | null): boolean {
  return fileOf(before) === fileOf(next);
}

/** Throws E_UPSTREAM_START when a new configuration's declared tools cannot run here as they were declared. */
export function assertReplaceable(next: UpstreamConfig | null, env: Environment): void {
  if (next?.kind === 'tools') assertRunnable(toolsOf(next), env);
}

/** Puts the declared tools of a new configuration in force; without such, nothing. */
export function replaceTools(running: Upstream | ToolsUpstream, next: UpstreamConfig | null): void {
  if (next?.kind === 'tools' && 'replace' in running) running.replace(toolsOf(next));
}

function fileOf(upstream: UpstreamConfig | null): string | null {
  return upstream?.kind === 'tools' ? upstream.file : null;
}

function toolsOf({ file, tools }: ToolsConfig): DeclaredTools {
  if (tools === null) throw new TypeError(`${file} was not read`);
  return tools;
}
