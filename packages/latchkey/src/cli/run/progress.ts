const SLOW_MS = 1000;

/** Runs work; when it takes longer than a second it says so on stderr, with a spinner on a terminal. */
export async function withProgress<Result>(text: string, quiet: boolean, work: () => Promise<Result>): Promise<Result> {
  if (quiet) return work();
  let stop: (() => void) | null = null;
  const timer = setTimeout(() => {
    void begin(text).then((end) => {
      stop = end;
    });
  }, SLOW_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    (stop as (() => void) | null)?.();
  }
}

async function begin(text: string): Promise<() => void> {
  if (!process.stderr.isTTY) {
    process.stderr.write(`latchkey: ${text}…\n`);
    return () => {};
  }
  const { spinner } = await import('@clack/prompts');
  const shown = spinner({ output: process.stderr });
  shown.start(text);
  return () => shown.stop(text);
}
