/** Until one of these signals comes; a second one ends the process at once. */
export async function stopSignal(signals: readonly NodeJS.Signals[]): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of signals) {
      process.once(signal, () => {
        // A second signal means now.
        process.once(signal, () => process.exit(1));
        resolve();
      });
    }
  });
}
