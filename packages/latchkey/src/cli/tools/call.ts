import { nearest } from '../../core/nearest.ts';
import { loadToolsFile } from '../../config/tools-file/load-tools-file.ts';
import type { DeclaredTool, DeclaredTools, JsonValue } from '../../core/declared-tool.ts';
import { LatchkeyError } from '../../core/error.ts';
import { print, printJson } from '../output.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { withProgress } from '../run/progress.ts';
import { withRunner, type FileFlags } from './declared-file.ts';
import { parseArgument } from './parse-argument.ts';

export interface CallFlags extends FileFlags {
  /** `NAME=VALUE` */
  readonly arg: readonly string[];
  readonly args?: string;
}

/** Runs one tool and prints what came of it; sets the exit code to 1 when that is an error. */
export async function callOnce(file: string, name: string, flags: CallFlags): Promise<void> {
  const { tools } = loadToolsFile(file, process.env);
  const tool = findTool(tools, name);
  const args = { ...readObject(flags.args), ...readPairs(tool, flags.arg) };
  const begun = performance.now();
  const { text, isError } = await withRunner(tools, (runner, signal) =>
    withProgress(`running ${tool.name}`, flags.json === true, () => runner.call(tool, args, signal)),
  );
  if (isError) process.exitCode = 1;
  const durationMs = Math.round(performance.now() - begun);
  if (flags.json) return printJson({ tool: tool.name, isError, text, durationMs });
  const shown = text.split('\n').map(toPlainText).join('\n');
  return print(shown.endsWith('\n') || shown === '' ? shown : `${shown}\n`);
}

function findTool({ tools }: DeclaredTools, name: string): DeclaredTool {
  const found = tools.find((tool) => tool.name === name);
  if (found !== undefined) return found;
  const names = tools.map((tool) => tool.name);
  const near = nearest(name, names);
  throw new LatchkeyError('E_USAGE', `The file has no tool "${toPlainText(name)}".`, {
    hint: near === null ? `it has ${names.join(', ')}` : `did you mean ${near}?`,
  });
}

function readObject(json = '{}'): Readonly<Record<string, JsonValue>> {
  try {
    const value = JSON.parse(json) as JsonValue;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, JsonValue>;
  } catch {
    // What it should have been is said below.
  }
  throw new LatchkeyError('E_USAGE', '--args is no JSON object.', { hint: `for example: --args '{"path":"a.txt"}'` });
}

function readPairs(tool: DeclaredTool, pairs: readonly string[]): Readonly<Record<string, JsonValue>> {
  const read = new Map<string, JsonValue>();
  for (const pair of pairs) {
    const { name, value } = parseArgument(tool, pair);
    if (read.has(name))
      throw new LatchkeyError('E_USAGE', `--arg gives ${toPlainText(name)} twice.`, {
        hint: 'give each argument once',
      });
    read.set(name, value);
  }
  return Object.fromEntries(read);
}
