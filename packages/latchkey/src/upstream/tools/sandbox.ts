import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { LatchkeyError } from '../../core/error.ts';
import type { Program } from './program.ts';

export interface SandboxOptions {
  readonly network: boolean;
  /** Files and folders that must not be seen inside, the gateway's store among them; those not there are passed over. */
  readonly hiddenPaths: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Sockets of daemons are in /run; a script that reaches one of them has no sandbox. */
const EMPTY_FOLDERS = ['/tmp', '/run'];
// What programs and name look-ups need of /run, where it is there.
const NEEDED_OF_RUN = ['/run/current-system', '/run/systemd/resolve', '/run/NetworkManager/resolv.conf'];
const TRIAL_MS = 10_000;
const HINT =
  'install bubblewrap (Debian: apt-get install bubblewrap) where it may make namespaces, or take `sandbox` out of the tools file';

/**
 * The same program inside bubblewrap: everything read-only, /tmp and /run empty and its own, no other process to be seen,
 * no network unless asked for, and gone when what started it is gone.
 */
export function toSandboxed(program: Program, options: SandboxOptions, own: Environment = process.env): Program {
  const { workingDirectory } = program;
  const within = EMPTY_FOLDERS.some((folder) => workingDirectory.startsWith(`${folder}/`));
  const args = [
    ['--ro-bind', '/', '/'],
    ['--dev', '/dev'],
    ['--proc', '/proc'],
    ...EMPTY_FOLDERS.map((folder) => ['--tmpfs', folder]),
    ...NEEDED_OF_RUN.map((path) => ['--ro-bind-try', path, path]),
    ...(within ? [['--ro-bind', workingDirectory, workingDirectory]] : []),
    ...options.hiddenPaths.flatMap(hide),
    ['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    options.network ? [] : ['--unshare-net'],
    ['--cap-drop', 'ALL', '--die-with-parent', '--new-session', '--chdir', workingDirectory],
    ['--', program.command, ...program.args],
  ].flat();
  return { command: findBubblewrap(own) ?? 'bwrap', args, env: program.env, workingDirectory: '/' };
}

/**
 * Tries the sandbox as scripts get it. Throws E_UPSTREAM_START when bubblewrap is missing or can make none here: then
 * nothing may run.
 */
export function assertSandbox(own: Environment = process.env): void {
  if (findBubblewrap(own) === null) throw createError('bubblewrap (bwrap) is not installed');
  // Its own folder, since that may be in /tmp, of which only the working directory is seen inside.
  const workingDirectory = dirname(process.execPath);
  const trial: Program = { command: process.execPath, args: ['--version'], env: {}, workingDirectory };
  for (const network of [false, true]) {
    const { command, args } = toSandboxed(trial, { network, hiddenPaths: [] }, own);
    const { status, error, stderr } = spawnSync(command, args, { env: {}, timeout: TRIAL_MS, encoding: 'utf8' });
    if (status !== 0)
      throw createError(`bubblewrap can make no sandbox here: ${error?.message ?? stderr.trim().slice(0, 300)}`, error);
  }
}

function createError(message: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('E_UPSTREAM_START', `Tools are to run in a sandbox, and ${message}`, { hint: HINT, cause });
}

function findBubblewrap(own: Environment): string | null {
  const folders = (own['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, 'bwrap')).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function hide(path: string): readonly string[][] {
  try {
    const real = realpathSync(path);
    return [statSync(real).isDirectory() ? ['--tmpfs', real] : ['--ro-bind', '/dev/null', real]];
  } catch {
    return [];
  }
}
