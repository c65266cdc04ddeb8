import { LatchkeyError } from '../core/error.ts';
import type { FirstToken } from './first-token.ts';
import { createSuccession, type SuccessionOptions } from './succession.ts';

export interface RotationOptions extends Omit<SuccessionOptions, 'giveUpMs' | 'now' | 'onEvent' | 'signal'> {
  /** Names of the tokens to replace. */
  readonly names: readonly string[];
  /** One that was just made, and is to be delivered at once. */
  readonly first?: FirstToken | null;
  readonly onEvent?: SuccessionOptions['onEvent'];
  readonly now?: () => number;
  /** How often to look. Default: a tenth of `everyMs`, from 1 s to 30 s. */
  readonly lookEveryMs?: number;
  /** When a successor that another process failed to deliver is given up and replaced. Default 60,000 ms. */
  readonly giveUpMs?: number;
}

export interface AutomaticRotation {
  /** Looks now, instead of at the next time; never rejects. */
  check(): Promise<void>;
  /** Ends the looking and waits for a delivery under way, which has 2 s more. */
  stop(): Promise<void>;
}

const STOP_MS = 2000;

/** Looks again and again for tokens that will end, replaces them in time and hands the successors over. */
export function startRotation(options: RotationOptions): AutomaticRotation {
  const { names, everyMs, first = null, onEvent, now = Date.now, giveUpMs = 60_000 } = options;
  const { lookEveryMs = Math.min(30_000, Math.max(1000, everyMs / 10)) } = options;
  const stopping = new AbortController();
  const each = { ...options, now, giveUpMs, onEvent, signal: stopping.signal };
  const successions = names.map(
    (name) => [name, createSuccession(name, each, first?.name === name ? first : null)] as const,
  );
  let running: Promise<void> | null = null;

  const checkAll = async (): Promise<void> => {
    for (const [name, succession] of successions) {
      await succession
        .check()
        .catch((error: unknown) => onEvent?.({ kind: 'failed', name, error: toFailure(name, error) }));
    }
  };

  const check = (): Promise<void> => {
    running ??= checkAll().finally(() => {
      running = null;
    });
    return running;
  };

  const timer = setInterval(() => void check(), lookEveryMs);
  timer.unref();
  void check();

  return {
    check,
    async stop() {
      clearInterval(timer);
      const last = setTimeout(() => stopping.abort(), STOP_MS);
      await running;
      clearTimeout(last);
    },
  };
}

function toFailure(name: string, cause: unknown): LatchkeyError {
  if (cause instanceof LatchkeyError) return cause;
  return new LatchkeyError('E_INTERNAL', `The token "${name}" could not be rotated.`, {
    hint: 'It still works until its own end, and rotation is tried again.',
    cause,
  });
}
