import { spawn, type ChildProcess } from 'node:child_process';
import { LONGEST_TIMER_MS } from '../../core/units.ts';
import { signalGroup } from '../stdio/child.ts';
import type { Watchdog } from '../stdio/watchdog.ts';
import { createCollector, type FirstBytes } from './output.ts';
import type { Program } from './program.ts';

/** How a run came to its end. */
export type RunEnding =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'flooded'; readonly bytes: number }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'not-started'; readonly cause: NodeJS.ErrnoException };

export interface Run {
  readonly ending: RunEnding;
  readonly stdout: FirstBytes;
  readonly stderr: FirstBytes;
}

export interface RunLimits {
  readonly timeoutMs: number;
  /** How much of each stream is kept. */
  readonly collectedBytes: number;
  readonly watchdog: Watchdog;
  readonly signal: AbortSignal;
}

export interface RunningProgram {
  /** Comes at the script's end, at its time-out or at the abort, whichever is first; never rejects. */
  readonly result: Promise<Run>;
  /** When nothing of the process group is left. */
  readonly gone: Promise<void>;
}

// What a script wrote before it ended is still read, unless something that it started keeps the pipe open.
const DRAIN_MS = 100;
const TERM_MS = 300;
const KILL_MS = 500;
// A script that writes on and on is ended; one that says more than a result holds is not.
const FLOOD = 16;
const MIN_FLOOD_BYTES = 16 * 1024 * 1024;

/**
 * Runs a program as the leader of a process group of its own, with nothing to read. The group ends with the program, or
 * before it: at the time-out, at an abort, and when it floods.
 */
export function runProgram(program: Program, limits: RunLimits): RunningProgram {
  const stdout = createCollector(limits.collectedBytes);
  const stderr = createCollector(limits.collectedBytes);
  const toRun = (ending: RunEnding): Run => ({ ending, stdout: stdout.take(), stderr: stderr.take() });
  if (limits.signal.aborted) return { result: Promise.resolve(toRun({ kind: 'aborted' })), gone: Promise.resolve() };
  limits.watchdog.prepare();
  const child = start(program);
  if ('cause' in child)
    return { result: Promise.resolve(toRun({ kind: 'not-started', cause: child.cause })), gone: Promise.resolve() };

  const ended = Promise.withResolvers<Run>();
  const gone = Promise.withResolvers<void>();
  let over = false;
  const end = (ending: RunEnding): void => {
    if (over) return;
    over = true;
    clearTimeout(overdue);
    limits.signal.removeEventListener('abort', abort);
    ended.resolve(toRun(ending));
    gone.resolve(endGroup(child, ending.kind === 'flooded', limits.watchdog));
  };
  const abort = (): void => end({ kind: 'aborted' });
  const overdue = setTimeout(() => end({ kind: 'timed-out' }), Math.min(limits.timeoutMs, LONGEST_TIMER_MS));
  const floodBytes = Math.max(MIN_FLOOD_BYTES, FLOOD * limits.collectedBytes);
  for (const [stream, collector] of [
    [child.stdout, stdout],
    [child.stderr, stderr],
  ] as const)
    stream
      ?.on('error', () => {})
      .on('data', (chunk: Buffer) => {
        if (over) return;
        collector.push(chunk);
        if (stdout.totalBytes + stderr.totalBytes > floodBytes) end({ kind: 'flooded', bytes: floodBytes });
      });

  limits.signal.addEventListener('abort', abort, { once: true });
  if (child.pid !== undefined) limits.watchdog.watch(child.pid);
  child.on('error', (cause: NodeJS.ErrnoException) => {
    if (child.pid === undefined) end({ kind: 'not-started', cause });
  });
  child.on('exit', (code, signal) => {
    const ending: RunEnding = signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal };
    // After a stall of this process the pipes are read once more.
    const drained = setTimeout(() => setImmediate(end, ending), DRAIN_MS);
    child.once('close', () => {
      clearTimeout(drained);
      end(ending);
    });
  });
  return { result: ended.promise, gone: gone.promise };
}

function start({ command, args, env, workingDirectory }: Program): ChildProcess | { cause: NodeJS.ErrnoException } {
  try {
    return spawn(command, args, {
      shell: false,
      cwd: workingDirectory,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
  } catch (cause) {
    return { cause: cause as NodeJS.ErrnoException };
  }
}

async function endGroup(child: ChildProcess, atOnce: boolean, watchdog: Watchdog): Promise<void> {
  const { pid, stdout, stderr } = child;
  if (pid !== undefined) {
    signalGroup(pid, atOnce ? 'SIGKILL' : 'SIGTERM');
    if (!(await isGroupGone(pid, TERM_MS))) {
      signalGroup(pid, 'SIGKILL');
      await isGroupGone(pid, KILL_MS);
    }
    watchdog.forget(pid);
  }
  // Not before: a shell that says something on its way out would die of it instead.
  for (const stream of [stdout, stderr]) stream?.destroy();
}

async function isGroupGone(pid: number, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  for (let pause = 2; signalGroup(pid, 0); pause = Math.min(pause * 2, 50)) {
    if (performance.now() >= until) return false;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return true;
}
