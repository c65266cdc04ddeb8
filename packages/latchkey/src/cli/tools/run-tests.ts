import { loadToolsFile } from '../../config/tools-file/load-tools-file.ts';
import type { DeclaredTool, ToolResult, ToolRunner, ToolTest } from '../../core/declared-tool.ts';
import { print, printJson, say } from '../output.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { withRunner, type FileFlags } from './declared-file.ts';

interface Tested {
  readonly tool: string;
  /** Its place among the tests of its tool, from 1. */
  readonly test: number;
  readonly passed: boolean;
  readonly expected: ToolTest['expect'];
  readonly got: ToolResult;
  readonly durationMs: number;
}

const MAX_SHOWN = 400;

/** Runs the tests of all tools, each said as it ends; sets the exit code to 1 when one fails. */
export async function runTests(file: string, flags: FileFlags): Promise<void> {
  const { tools } = loadToolsFile(file, process.env);
  const results = await withRunner(tools, async (runner, signal) => {
    const tested: Tested[] = [];
    for (const tool of tools.tools)
      for (const [at, test] of tool.tests.entries()) {
        const result = await runTest(runner, tool, test, at + 1, signal);
        tested.push(result);
        if (!flags.json) print(toLines(result));
      }
    return tested;
  });
  const failed = results.filter(({ passed }) => !passed).length;
  if (failed > 0) process.exitCode = 1;
  const passed = results.length - failed;
  if (flags.json) return printJson({ ok: failed === 0, file, passed, failed, results });
  return say(results.length === 0 ? 'No tool has a test.' : `${passed} passed, ${failed} failed`);
}

async function runTest(
  runner: ToolRunner,
  tool: DeclaredTool,
  { input, expect }: ToolTest,
  place: number,
  signal: AbortSignal,
): Promise<Tested> {
  const begun = performance.now();
  const got = await runner.call(tool, input, signal);
  const durationMs = Math.round(performance.now() - begun);
  return { tool: tool.name, test: place, passed: isExpected(got, expect), expected: expect, got, durationMs };
}

function isExpected({ text, isError }: ToolResult, expected: ToolTest['expect']): boolean {
  if ('contains' in expected) return !isError && text.includes(expected.contains);
  return isError && (expected.error === true || text.includes(expected.error));
}

function toLines({ tool, test, passed, expected, got, durationMs }: Tested): string {
  const line = `${passed ? 'ok  ' : 'FAIL'}  ${tool} ${test}  (${durationMs} ms)\n`;
  if (passed) return line;
  const shown = got.text.length > MAX_SHOWN ? `${got.text.slice(0, MAX_SHOWN)}…` : got.text;
  const indented = shown.split('\n').map((each) => `        ${toPlainText(each)}\n`);
  return `${line}      expected ${describe(expected)}, got ${got.isError ? 'an error' : 'a result'}:\n${indented.join('')}`;
}

function describe(expected: ToolTest['expect']): string {
  if ('contains' in expected) return `a result with ${toPlainText(JSON.stringify(expected.contains))}`;
  return expected.error === true ? 'an error' : `an error with ${toPlainText(JSON.stringify(expected.error))}`;
}
