import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../../core/error.ts';
import type { Awaitable } from '../../core/store.ts';

const STEP_MS = 5;

/** A lock on the trail that is held longer belongs to a process that hangs, and this one has requests to answer. */
export const LONGEST_WAIT_MS = 1000;

/**
 * Runs `work` at once. While another process holds the store it is run again every 5 ms, and this process goes on
 * meanwhile; after `withinMs` E_STORE_LOCKED comes out. `work` must have changed nothing when it fails so.
 */
export function patiently<T>(work: () => T, withinMs: number): Awaitable<T> {
  try {
    return work();
  } catch (error) {
    if (!isLocked(error)) throw error;
    return tryAgain(work, error, performance.now() + withinMs);
  }
}

async function tryAgain<T>(work: () => T, first: unknown, until: number): Promise<T> {
  let failure = first;
  while (performance.now() < until) {
    await sleep(STEP_MS);
    try {
      return work();
    } catch (error) {
      if (!isLocked(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}

export function isLocked(error: unknown): boolean {
  return error instanceof LatchkeyError && error.code === 'E_STORE_LOCKED';
}
