import { spawn } from 'node:child_process';
import { DeliveryFailure, toDelivery, type Handover } from './handover.ts';

const TIMEOUT_MS = 30_000;

/** Enough to find and run a program; whatever secrets the gateway's own environment holds are not the program's. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'SystemRoot',
  'USERPROFILE',
  'TEMP',
  'PATHEXT',
];

interface DeliveryOptions {
  /** Default 30,000 ms. */
  readonly timeoutMs?: number;
  /** When it has to end at once. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts the program without a shell and writes one line of JSON to its standard input; the token is in no argument and
 * no variable. Resolves when it exits with 0; after `timeoutMs`, or at `signal`, it and its children are killed. What it prints is not read.
 */
export function deliverToCommand(
  command: readonly string[],
  handover: Handover,
  { timeoutMs = TIMEOUT_MS, signal }: DeliveryOptions = {},
): Promise<void> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      shell: false,
      env: Object.fromEntries(
        PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
      stdio: ['pipe', 'ignore', 'ignore'],
      // A group of its own, so that its children can be killed with it.
      detached: process.platform !== 'win32',
    });
    const kill = (why: string): void => {
      killGroup(child.pid);
      reject(new DeliveryFailure(why));
    };
    const timer = setTimeout(() => kill(`it did not end within ${timeoutMs / 1000} s`), timeoutMs);
    const onStop = (): void => kill('Latchkey is stopping');
    signal?.addEventListener('abort', onStop);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onStop);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', (code, by) => {
      settle();
      if (code === 0) resolve();
      else reject(new DeliveryFailure(by === null ? `it ended with exit code ${code}` : `it was ended by ${by}`));
    });
    // A program that does not read is judged by how it exits.
    child.stdin.once('error', () => {});
    child.stdin.end(`${JSON.stringify(toDelivery(handover))}\n`);
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It ended in the same moment.
  }
}
