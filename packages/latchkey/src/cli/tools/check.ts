import { basename } from 'node:path';
import { loadToolsFile, type LoadedTools, type ToolRule } from '../../config/tools-file/load-tools-file.ts';
import { toError } from '../../config/problem.ts';
import type { DeclaredTool, Parameter } from '../../core/declared-tool.ts';
import { LatchkeyError } from '../../core/error.ts';
import { print, printJson, say } from '../output.ts';
import { toPlainText } from '../plain-text.ts';
import { reportFailure } from '../report-failure.ts';
import { formatTable } from '../table.ts';
import type { FileFlags } from './declared-file.ts';

/** Says what a file declares, and sets the exit code to 1 when something is wrong with it. */
export async function checkFile(file: string, flags: FileFlags): Promise<void> {
  const loaded = await load(file);
  if (flags.json) printJson(toDocument(file, loaded));
  if (loaded.kind === 'problems') {
    if (!flags.json) reportFailure(toError(loaded.problems), (text) => process.stderr.write(text));
    process.exitCode = 1;
  } else if (!flags.json) show(file, loaded);
}

/** The file as `run` would take it: what this machine lacks for its tools counts as wrong too. */
async function load(file: string): Promise<ReturnType<typeof loadToolsFile>> {
  const loaded = loadToolsFile(file, process.env);
  if (loaded.kind === 'problems') return loaded;
  const { assertRunnable } = await import('../../compose-tools.ts');
  try {
    assertRunnable(loaded.tools);
    return loaded;
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    const { code, message, hint } = error;
    return { kind: 'problems', problems: [{ code, where: file, message, hint }] };
  }
}

function show(file: string, { tools: declared, rules, warnings }: LoadedTools): void {
  const { name, version, tools } = declared;
  say(toPlainText(`${file}: ${name} ${version}, ${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}`));
  const rows = tools.map((tool) => [
    tool.name,
    describeAction(tool),
    tool.parameters.map(describeParameter).join(' '),
    describeScopes(rules.get(tool.name)),
    tool.tests.length === 0 ? '' : String(tool.tests.length),
  ]);
  print(formatTable(['TOOL', 'RUNS', 'ARGUMENTS', 'SCOPES', 'TESTS'], rows));
  for (const warning of warnings) say(`warning: ${toPlainText(warning)}`);
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

function describeScopes(rule: ToolRule | undefined): string {
  if (rule === undefined) return '';
  const { scopes, limit } = rule;
  return [...scopes, ...(limit === null ? [] : [`${limit.count} per ${limit.periodMs / 1000} s`])].join(' ');
}

function toDocument(file: string, loaded: ReturnType<typeof loadToolsFile>): object {
  if (loaded.kind === 'problems') return { ok: false, file, problems: loaded.problems };
  const { tools: declared, rules, listenPort, warnings } = loaded;
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
      scopes: rules.get(tool.name)?.scopes ?? null,
      limit: rules.get(tool.name)?.limit ?? null,
      timeoutMs: tool.timeoutMs,
      sandbox: tool.sandbox !== null,
      tests: tool.tests.length,
    })),
    warnings,
    problems: [],
  };
}
