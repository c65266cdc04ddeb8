import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readProcess, readTree } from './proc.ts';

interface ProcessOptions {
  name: string;
  core: number;
  command: string;
  args: string[];
  directory: string;
  environment?: Record<string, string>;
}

export interface Started {
  pid: number;
  name: string;
  child: ChildProcess;
  readOutput(): string;
  readErrors(): string;
}

/** Starts pinned processes and stops every one of them, with their descendants. */
export interface Processes {
  start(options: ProcessOptions): Started;
  stop(started: Started): Promise<void>;
  stopAll(): Promise<void>;
  killAll(): void;
}

export function createProcesses(): Processes {
  endWithNpm();
  const running = new Set<Started>();
  const stop = async (started: Started) => {
    await stopTree(started);
    running.delete(started);
  };
  return {
    start(options) {
      const started = startPinned(options);
      running.add(started);
      return started;
    },
    stop,
    async stopAll() {
      await Promise.all([...running].map(stop));
    },
    killAll() {
      for (const { pid } of readTree([...running].map((started) => started.pid))) signal(pid, 'SIGKILL');
    },
  };
}

/** npm that is killed leaves the program that it started, which nobody sees then. */
function endWithNpm(): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const name = readFileSync(`/proc/${process.ppid}/comm`, 'utf8');
  // Most shells stand between the two, and go on without npm.
  const findNpm = () => (name.startsWith('npm') ? process.ppid : readProcess(process.ppid)?.parentPid);
  const npm = findNpm();
  const look = () => {
    if (findNpm() !== npm) process.exit(129);
  };
  setInterval(look, 500).unref();
}

function startPinned({ name, core, command, args, directory, environment }: ProcessOptions): Started {
  // Files, not pipes: a chatty peer must not cost CPU in this process, which shares a core with the load.
  const paths = { out: join(directory, `${name}.out`), err: join(directory, `${name}.err`) };
  const out = openSync(paths.out, 'w');
  const err = openSync(paths.err, 'w');
  // Without it these would outlive a benchmark that is killed; SIGTERM, so that they end their own workers.
  const tied = ['--pdeathsig', 'TERM', 'taskset', '-c', String(core), command, ...args];
  const child = spawn('setpriv', tied, {
    stdio: ['ignore', out, err],
    detached: true,
    env: { ...process.env, ...environment },
  });
  closeSync(out);
  closeSync(err);
  // Without a listener a failed spawn would end this process; a missing pid says the same.
  child.on('error', () => {});
  if (child.pid === undefined) throw new Error(`${name}: cannot start setpriv (Debian: apt-get install util-linux)`);
  return {
    pid: child.pid,
    name,
    child,
    readOutput: () => readFileSync(paths.out, 'utf8'),
    readErrors: () => readFileSync(paths.err, 'utf8'),
  };
}

async function stopTree(started: Started): Promise<void> {
  // Taken before the first signal: once a parent is gone its children can no longer be found through it.
  const tree = readTree([started.pid]);
  signal(-started.pid, 'SIGTERM');
  const alive = () => tree.filter(({ pid, startTicks }) => readProcess(pid)?.startTicks === startTicks);
  for (let waitedMs = 0; waitedMs < 2000 && alive().length > 0; waitedMs += 25) await sleep(25);
  for (const { pid } of alive()) signal(pid, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when `ready` gives a value; rejects with the process's own last words when it exits or takes too long. */
export async function waitUntil<T>(started: Started, ready: () => Promise<T | null>, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (started.child.exitCode !== null) break;
    const value = await ready();
    if (value !== null) return value;
    await sleep(50);
  }
  const state = started.child.exitCode === null ? 'not ready in time' : `exited with ${started.child.exitCode}`;
  throw new Error(`${started.name} ${state}: ${(started.readErrors() || started.readOutput()).trim().slice(-600)}`);
}

export async function waitForPort(started: Started, port: number): Promise<void> {
  await waitUntil(started, async () => ((await accepts(port)) ? true : null));
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.destroy());
    socket.once('error', () => resolve(false));
    socket.once('close', (failed) => resolve(!failed));
  });
}
