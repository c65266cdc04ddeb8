import path from 'node:path';
import { SINGLE_SERVER } from './check-settings.ts';
import { compilePolicy } from './compile-policy.ts';
import { createUpstream } from './config.ts';
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
  const warnings: string[] = [];
  const problems: Problem[] = [];
  const ports: number[] = [];
  const servers = listServers(settings).map(({ name, at, server }): ServerConfig => {
    const tools = readTools(server.upstream?.tools, around, problems);
    const { policy, overruled } =
      tools === null
        ? { policy: compilePolicy(server, settings.scopes), overruled: [] }
        : joinRules(server, settings.scopes, tools.rules);
    warnings.push(
      ...(tools?.warnings ?? []).map(({ where, message }) => `${where}: ${message}`),
      ...overruled.map((tool) => `${[...at, 'tools'].join('.')} ${OVERRULES} ${tool}`),
    );
    if (tools?.listenPort != null) ports.push(tools.listenPort);
    return {
      name,
      path: at.length === 0 ? '/mcp' : `/${name}/mcp`,
      upstream:
        server.upstream === undefined
          ? null
          : createUpstream(server.upstream, {
              callTimeoutMs: settings.limits.callTimeout,
              directory: around.directory,
              tools: tools?.tools ?? null,
            }),
      protocol: server.protocol,
      pin: server.pin,
      policy,
    };
  });
  if (new Set(ports).size > 1) warnings.push(`the tools files ask for several ports; ${ports[0]} is taken`);
  return { servers, listenPort: ports[0] ?? null, warnings, problems };
}

const OVERRULES = 'has a rule that judges this tool, so what its file asks for it does not hold:';

function listServers(
  settings: Settings,
): readonly { name: string; at: Path; server: NonNullable<Settings['servers']>[string] }[] {
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
