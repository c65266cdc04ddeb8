import { statSync } from 'node:fs';
import type { CommandAction, DeclaredTool, ShellAction, ToolResult } from '../../core/declared-tool.ts';
import type { Watchdog } from '../stdio/watchdog.ts';
import { toCollectedBytes, toOutput, type OutputLimits } from './output.ts';
import type { Program } from './program.ts';
import { runProgram, type RunEnding } from './run-program.ts';
import { toSandboxed } from './sandbox.ts';

export interface ScriptContext {
  readonly limits: OutputLimits;
  readonly hiddenPaths: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly watchdog: Watchdog;
  readonly signal: AbortSignal;
}

export interface Started {
  readonly result: Promise<ToolResult>;
  /** When nothing is left of what was started. */
  readonly gone: Promise<void>;
}

/** Runs a script's program, in the sandbox if the tool has one, and says what became of it. */
export function runScript(
  tool: DeclaredTool,
  action: ShellAction | CommandAction,
  program: Program,
  context: ScriptContext,
): Started {
  const { sandbox } = tool;
  const { hiddenPaths, limits, watchdog, signal } = context;
  const started = sandbox === null ? program : toSandboxed(program, { ...sandbox, hiddenPaths }, context.environment);
  const collectedBytes = toCollectedBytes(limits);
  const running = runProgram(started, { timeoutMs: tool.timeoutMs, collectedBytes, watchdog, signal });
  const result = running.result.then(({ ending, stdout, stderr }) => {
    const output = toOutput([stdout, stderr], limits);
    if (ending.kind === 'exited' && ending.code === 0) return { text: output, isError: false };
    const failure = limits.redactor.redact(toFailure(tool, action, started, ending));
    return { text: output === '' ? failure : `${failure}\n\n${output}`, isError: true };
  });
  return { result, gone: running.gone };
}

function toFailure(
  tool: DeclaredTool,
  action: ShellAction | CommandAction,
  started: Program,
  ending: RunEnding,
): string {
  switch (ending.kind) {
    case 'exited':
      return `The script failed with exit code ${ending.code}.`;
    case 'signalled':
      return `The script was ended by ${ending.signal}.`;
    case 'timed-out':
      return `The script was ended: it took longer than ${tool.timeoutMs / 1000} s.`;
    case 'flooded':
      return `The script was ended: it wrote more than ${ending.bytes} bytes.`;
    case 'aborted':
      return 'The call was cancelled.';
    case 'not-started':
      return `The script could not be started: ${whyNotStarted(action, started, ending.cause)}.`;
  }
}

function whyNotStarted(
  { workingDirectory }: ShellAction | CommandAction,
  { command }: Program,
  { code }: NodeJS.ErrnoException,
): string {
  if (!isFolder(workingDirectory)) return `its working directory ${workingDirectory} is not there`;
  if (code === 'ENOENT') return `there is no program ${command}`;
  if (code === 'EACCES') return `${command} may not be run`;
  if (code === 'E2BIG') return 'its arguments and environment are too long';
  return code === 'EAGAIN' || code === 'EMFILE' || code === 'ENOMEM' ? 'this machine is out of means' : `${code}`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
