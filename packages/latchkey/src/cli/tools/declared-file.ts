import type { DeclaredTools, ToolRunner } from '../../core/declared-tool.ts';

/** Flags that every command on a file of declared tools has. */
export interface FileFlags {
  readonly json?: true;
}

/** Lets `work` run these tools; throws E_UPSTREAM_START when they cannot run here as they were declared. When a signal comes, what runs ends, and then the program. */
export async function withRunner<T>(
  tools: DeclaredTools,
  work: (runner: ToolRunner, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { assertRunnable, createToolRunner } = await import('../../compose-tools.ts');
  assertRunnable(tools);
  const runner = createToolRunner();
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort();
    void runner.close().finally(() => process.exit(1));
  };
  for (const signal of SIGNALS) process.once(signal, onSignal);
  try {
    return await work(runner, stop.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    await runner.close();
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
