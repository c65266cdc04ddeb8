/** Until one of these signals comes; a second one ends the process at once. */
export async function stopSignal(signals: readonly NodeJS.Signals[]): Promise<void> {
  await new Promise<void>((resolve) => {
    let stopping = false;
    const stop = (): void => {
      // A second signal, of whichever kind, means now.
      if (stopping) process.exit(1);
      stopping = true;
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
  });
}
