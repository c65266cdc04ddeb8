import { spawn, type ChildProcess } from 'node:child_process';

// Reads "+GROUP" and "-GROUP" lines. At the end of its input, which is how it learns that the gateway is gone however
// that came about, it ends the groups still listed. Digits only are let through to `kill`.
const SCRIPT = `
trap '' HUP INT TERM QUIT
groups=
while IFS= read -r line; do
  group=\${line#?}
  case $group in '' | *[!0-9]*) continue ;; esac
  rest=
  for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done
  case $line in
    +*) groups="$rest $group" ;;
    -*) groups=$rest ;;
  esac
done
[ -n "$groups" ] || exit 0
for one in $groups; do kill -s TERM -- "-$one" 2>/dev/null; done
sleep 1
for one in $groups; do kill -s KILL -- "-$one" 2>/dev/null; done
`;
const RESTART_MS = 200;

/** Ends process groups when this process is gone, `kill -9` included. One for each gateway process. */
export interface Watchdog {
  /** Of the process that watches; 0 while there is none. */
  readonly pid: number;
  /** Starts the process that watches ahead of the first group, which it then hears of without delay. */
  prepare(): void;
  watch(group: number): void;
  forget(group: number): void;
  close(): void;
}

let shared: { readonly watchdog: Watchdog; users: number } | null = null;

/** The process's watchdog; every `close` matches one acquisition. Where there is no POSIX `sh` it does nothing. */
export function acquireWatchdog(): Watchdog {
  shared ??= { watchdog: createWatchdog(), users: 0 };
  const held = shared;
  held.users += 1;
  let released = false;
  return {
    get pid() {
      return held.watchdog.pid;
    },
    prepare: () => held.watchdog.prepare(),
    watch: (group) => held.watchdog.watch(group),
    forget: (group) => held.watchdog.forget(group),
    close() {
      if (released) return;
      released = true;
      held.users -= 1;
      if (held.users > 0) return;
      shared = null;
      held.watchdog.close();
    },
  };
}

export function createWatchdog(): Watchdog {
  const groups = new Set<number>();
  let shell: ChildProcess | null = null;
  let closed = false;

  function start(): void {
    if (closed || process.platform === 'win32') return;
    // Its own session: a terminal's ctrl-C must not reach it. Its environment holds nothing of the gateway's.
    const started = spawn('/bin/sh', ['-c', SCRIPT], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/',
    });
    shell = started;
    const lost = (error?: unknown): void => {
      if (shell !== started) return;
      shell = null;
      if (started.pid === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return;
      setTimeout(() => {
        if (groups.size > 0 && shell === null) start();
      }, RESTART_MS).unref();
    };
    started.on('error', lost).on('exit', lost).unref();
    started.stdin?.on('error', lost);
    (started.stdin as { unref?(): void } | null)?.unref?.();
    for (const group of groups) tell(`+${group}`);
  }

  function tell(line: string): void {
    shell?.stdin?.write(`${line}\n`);
  }

  return {
    get pid() {
      return shell?.pid ?? 0;
    },
    prepare() {
      if (shell === null) start();
    },
    watch(group) {
      groups.add(group);
      if (shell === null) start();
      else tell(`+${group}`);
    },
    forget(group) {
      if (groups.delete(group)) tell(`-${group}`);
    },
    close() {
      closed = true;
      shell?.stdin?.end();
      shell = null;
    },
  };
}
