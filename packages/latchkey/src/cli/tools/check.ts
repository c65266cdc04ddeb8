import { basename } from 'node:path';
import { toError, toProblems, type Problem } from '../../config/problem.ts';
import { loadToolsFile, type ToolsFile } from '../../config/tools-file/load-tools-file.ts';
import type { DeclaredTool, Parameter } from '../../core/declared-tool.ts';
import { print, printJson, say } from '../output.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { reportFailure } from '../report-failure.ts';
import { formatTable } from '../table.ts';
import type { FileFlags } from './declared-file.ts';

/** Says what a file declares, and sets the exit code to 1 when something is wrong with it, or 2 when it is not there. */
export async function checkFile(file: string, flags: FileFlags): Promise<void> {
  const loaded = await load(file);
  if (flags.json) printJson('problems' in loaded ? { ok: false, file, ...loaded } : toDocument(file, loaded));
  else if ('problems' in loaded) reportFailure(toError(loaded.problems), (text) => process.stderr.write(text));
  else show(file, loaded);
  if ('problems' in loaded) process.exitCode = loaded.problems.some(isMissing) ? 2 : 1;
}

const isMissing = ({ code }: Problem): boolean => code === 'E_CONFIG_MISSING';

/** The file as `run` would take it: what this machine lacks for its tools counts as wrong too. */
async function load(file: string): Promise<ToolsFile | { readonly problems: readonly Problem[] }> {
  const { assertRunnable } = await import('../../compose-tools.ts');
  try {
    const loaded = loadToolsFile(file, process.env);
    assertRunnable(loaded.tools);
    return loaded;
  } catch (error) {
    return { problems: toProblems(error, file) };
  }
}

function show(file: string, { tools: declared, rules, warnings }: ToolsFile): void {
  const { name, version, tools } = declared;
  say(toPlainText(`${file}: ${name} ${version}, ${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}`));
  const rows = tools.map((tool) => [
    tool.name,
    describeAction(tool),
    tool.parameters.map(describeParameter).join(' '),
    (rules[tool.name]?.scopes ?? []).join(' '),
    describeLimit(rules[tool.name]?.limit),
    tool.tests.length === 0 ? '' : String(tool.tests.length),
  ]);
  print(formatTable(['TOOL', 'RUNS', 'ARGUMENTS', 'SCOPES', 'LIMIT', 'TESTS'], rows));
  for (const { where, message } of warnings) say(toPlainText(`warning: ${where}: ${message}`));
}

function describeAction({ action, sandbox }: DeclaredTool): string {
  const boxed = sandbox === null ? '' : ' (sandbox)';
  if (action.kind === 'shell') return `${basename(action.shell)} script${boxed}`;
  if (action.kind === 'command') return `${action.command}${boxed}`;
  return `${action.method} ${action.origin}`;
}

function describeParameter({ name, required }: Parameter): string {
  return required ? name : `[${name}]`;
}

const PERIODS = new Map([
  [1000, 's'],
  [60_000, 'min'],
  [3_600_000, 'h'],
  [86_400_000, 'd'],
]);

function describeLimit(limit: ToolsFile['rules'][string]['limit']): string {
  return limit === undefined ? '' : `${limit.count}/${PERIODS.get(limit.periodMs) ?? `${limit.periodMs} ms`}`;
}

function toDocument(file: string, { tools: declared, rules, listenPort, warnings }: ToolsFile): object {
  const { name, version, description, tools } = declared;
  return {
    ok: true,
    file,
    name,
    version,
    description,
    listenPort,
    tools: tools.map((tool) => ({
      name: tool.name,
      description: tool.description,
      kind: tool.action.kind,
      runs: describeAction(tool),
      parameters: tool.parameters.map(({ name: parameter, type, required }) => ({ name: parameter, type, required })),
      scopes: rules[tool.name]?.scopes ?? null,
      limit: rules[tool.name]?.limit ?? null,
      timeoutMs: tool.timeoutMs,
      sandbox: tool.sandbox !== null,
      tests: tool.tests.length,
    })),
    warnings,
    problems: [],
  };
}
