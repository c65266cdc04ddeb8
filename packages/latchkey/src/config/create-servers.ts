import path from 'node:path';
import { SINGLE_SERVER } from './check-settings.ts';
import { toUpstreamConfig } from './config.ts';
import type { ServerConfig } from './config.ts';
import { joinRules } from './join-rules.ts';
import { isWritableByAll } from './private-file.ts';
import { toProblems } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Settings } from './schema.ts';
import { loadToolsFile, parseToolsFile } from './tools-file/load-tools-file.ts';
import type { ToolsFile } from './tools-file/load-tools-file.ts';
import type { Path } from './yaml-document.ts';

export interface Servers {
  /** Of no use when there is a problem. */
  readonly servers: readonly ServerConfig[];
  /** The port that a file of declared tools asks for; null where none does. */
  readonly listenPort: number | null;
  /** Which file a rule is from that is not in the configuration, by its path there (`toRuleKey`). */
  readonly ruleFiles: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
}

interface Around {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  readonly directory: string;
  /** Gives the text of a file of tools that holds, if it is not what the file has now; null: such files are not read. */
  readonly textOf: ((file: string) => string | undefined) | null;
}

/** Each server with its upstream and its policy, and with what its file of declared tools adds to both. */
export function createServers(settings: Settings, around: Around): Servers {
  const problems: Problem[] = [];
  const created = listServers(settings).map((named) => {
    const tools = readTools(named.server.upstream?.tools, around, problems);
    return createServer(named, tools, settings, around.directory);
  });
  const ports = created.flatMap(({ listenPort }) => (listenPort === null ? [] : [listenPort]));
  const clash = new Set(ports).size > 1 ? [`the tools files ask for several ports; ${ports[0]} is taken`] : [];
  return {
    servers: created.map(({ server }) => server),
    listenPort: ports[0] ?? null,
    ruleFiles: new Map(created.flatMap(({ ruleFiles }) => ruleFiles)),
    warnings: [...created.flatMap(({ warnings }) => warnings), ...clash],
    problems,
  };
}

function createServer(
  { name, at, server }: NamedServer,
  tools: ToolsFile | null,
  settings: Settings,
  directory: string,
) {
  const { policy, added, overruled } = joinRules(server, settings.scopes, tools?.rules ?? {});
  const around = {
    callTimeoutMs: settings.limits.callTimeout,
    directory,
    tools: tools?.tools ?? null,
    issuers: settings.auth.issuers,
  };
  const upstream = server.upstream === undefined ? null : toUpstreamConfig(server.upstream, around);
  const { protocol, pin } = server;
  const made: ServerConfig = {
    name,
    path: at.length === 0 ? '/mcp' : `/${name}/mcp`,
    upstream,
    protocol,
    pin,
    policy,
  };
  const file = upstream?.kind === 'tools' ? upstream.file : '';
  return {
    server: made,
    listenPort: tools?.listenPort ?? null,
    ruleFiles: added.map((tool) => [toRuleKey([...at, 'tools', tool]), file] as const),
    warnings: [
      ...(tools?.warnings ?? []).map(({ where, message }) => `${where}: ${message}`),
      ...overruled.map(
        (tool) => `${[...at, 'tools'].join('.')} has a rule that judges ${tool}; ${file} has no say in it`,
      ),
    ],
  };
}

/** The path of a rule as one text. */
export function toRuleKey(at: Path): string {
  return JSON.stringify(at);
}

interface NamedServer {
  readonly name: string;
  /** Where it stands in the configuration. */
  readonly at: Path;
  readonly server: NonNullable<Settings['servers']>[string];
}

function listServers(settings: Settings): readonly NamedServer[] {
  if (settings.servers === undefined) return [{ name: SINGLE_SERVER, at: [], server: settings }];
  return Object.entries(settings.servers).map(([name, server]) => ({ name, at: ['servers', name], server }));
}

function readTools(
  given: string | undefined,
  { env, directory, textOf }: Around,
  problems: Problem[],
): ToolsFile | null {
  if (given === undefined || textOf === null) return null;
  const file = path.resolve(directory, given);
  const text = textOf(file);
  try {
    // Who may write to it may run programs, whatever it held before.
    return text === undefined || isWritableByAll(file) ? loadToolsFile(file, env) : parseToolsFile(text, { file, env });
  } catch (error) {
    problems.push(...toProblems(error, file));
    return null;
  }
}
