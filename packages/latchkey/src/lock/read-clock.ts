import { readFunction, type Given } from './read-option.ts';

/**
 * The clock that an option gives, else that of the machine. One that gives no number throws: compared with what is no
 * number, no credential would ever have ended.
 */
export function readClock(given: Given): () => number {
  const clock = readFunction<() => number>(given, () => Date.now());
  if (given.value === undefined) return clock;
  return () => {
    const at: unknown = clock();
    if (Number.isFinite(at)) return at as number;
    // A promise that is rejected, and that nobody waits for, would end the process.
    Promise.resolve(at).catch(() => {});
    throw new TypeError('now gave no time');
  };
}
