import type { DeclaredTool, ToolResult, ToolRunner } from '../../core/declared-tool.ts';
import { acquireWatchdog } from '../stdio/watchdog.ts';
import { checkArguments, toProblemText, type Values } from './arguments.ts';
import { toHeaderSecrets } from './header-secrets.ts';
import { resolveHost, type Resolve } from './lookup.ts';
import type { OutputLimits } from './output.ts';
import { toProgram, type Prepared } from './program.ts';
import { createRedactor } from './redact.ts';
import { toRequest } from './request.ts';
import { runScript, type Started } from './script.ts';
import { createSlots } from './slots.ts';
import { callWeb } from './web-call.ts';

export interface ToolRunnerOptions {
  /** How many calls run at once. Default 32. */
  readonly maxConcurrent?: number;
  /** How many more may wait for a place; what comes then is refused. Default 256. */
  readonly maxWaiting?: number;
  /** What scripts in a sandbox must not see: the gateway's store, its configuration. Default none. */
  readonly hiddenPaths?: readonly string[];
  /** The gateway's environment, of which scripts get PATH, HOME and LANG. Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** How host names become addresses. Default the system's resolver. */
  readonly resolve?: Resolve;
}

/** Runs declared tools: arguments are checked before anything runs, and nothing that runs outlives its call. */
export function createToolRunner(options: ToolRunnerOptions = {}): ToolRunner {
  const { hiddenPaths = [], environment = process.env, resolve = resolveHost } = options;
  const slots = createSlots({ most: options.maxConcurrent ?? 32, mostWaiting: options.maxWaiting ?? 256 });
  const limitsOf = createLimits();
  const watchdog = acquireWatchdog();
  const closing = new AbortController();
  const leaving = new Set<Promise<void>>();

  function prepare(tool: DeclaredTool, values: Values): Prepared<(signal: AbortSignal) => Started> {
    const { action } = tool;
    const limits = limitsOf(tool);
    if (action.kind === 'http') {
      const request = toRequest(action, values);
      if ('problems' in request) return request;
      return (signal) => {
        const result = callWeb(tool, action, request, { limits, resolve, signal });
        return { result, gone: result.then(() => {}) };
      };
    }
    const program = toProgram(tool, action, values, environment);
    if ('problems' in program) return program;
    return (signal) => runScript(tool, action, program, { limits, hiddenPaths, environment, watchdog, signal });
  }

  async function run(tool: DeclaredTool, args: unknown, signal: AbortSignal): Promise<ToolResult> {
    const { redact } = limitsOf(tool).redactor;
    const checked = checkArguments(tool, args);
    if ('problem' in checked) return fail(redact(checked.problem));
    const start = prepare(tool, checked.values);
    if ('problems' in start) return fail(redact(toProblemText(tool, start.problems)));
    const release = await slots.acquire(signal);
    if (release === 'full') return fail('Nothing was run: too many calls are running and waiting. Try again later.');
    if (release === 'aborted') return fail('The call was cancelled.');
    try {
      const { result, gone } = start(signal);
      const left: Promise<void> = gone.finally(() => {
        leaving.delete(left);
        release();
      });
      leaving.add(left);
      return await result;
    } catch (error) {
      release();
      throw error;
    }
  }

  return {
    async call(tool, args, signal) {
      try {
        return await run(tool, args, AbortSignal.any([signal, closing.signal]));
      } catch (error) {
        return fail(limitsOf(tool).redactor.redact(`${tool.name} could not be run: ${(error as Error).name}.`));
      }
    },
    async close() {
      closing.abort();
      await Promise.allSettled(leaving);
      watchdog.close();
    },
  };
}

function fail(text: string): ToolResult {
  return { text, isError: true };
}

/** What is made of a tool's hidden texts is kept as long as the tool. */
function createLimits(): (tool: DeclaredTool) => OutputLimits {
  const known = new WeakMap<DeclaredTool, OutputLimits>();
  return (tool) => {
    const found = known.get(tool);
    if (found !== undefined) return found;
    const redactor = createRedactor([...tool.hidden, ...toHeaderSecrets(tool.action)]);
    const limits = { maxBytes: tool.maxOutputBytes, redactor };
    known.set(tool, limits);
    return limits;
  };
}
