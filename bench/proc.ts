import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports CPU time to user space in ticks of 10 ms, whatever the kernel's own rate. */
const MICROSECONDS_PER_TICK = 10_000;
const STDIO_SERVER = 'stdio-echo.ts';

export interface ProcessState {
  pid: number;
  parentPid: number;
  cpuMicroseconds: number;
  startTicks: number;
}

/** One process as /proc/PID/stat has it; null when it is gone or only its exit code is left. */
export function readProcess(pid: number): ProcessState | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name in parentheses may hold spaces, so fields are counted from the last ')'.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return null;
  return {
    pid,
    parentPid: Number(fields[1]),
    cpuMicroseconds: (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK,
    startTicks: Number(fields[19]),
  };
}

/** The processes `roots` and all their descendants. */
export function readTree(roots: number[]): ProcessState[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
  const found = new Map(all.filter(({ pid }) => roots.includes(pid)).map((one) => [one.pid, one]));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const one of all) if (found.has(one.parentPid)) found.set(one.pid, one);
  }
  return [...found.values()];
}

/** CPU time of a gateway's processes, and of the stdio servers it keeps. */
export function readCpu(roots: number[]): { gateway: number; servers: number } {
  const sum = { gateway: 0, servers: 0 };
  for (const { pid, cpuMicroseconds } of readTree(roots)) {
    sum[isStdioServer(pid) ? 'servers' : 'gateway'] += cpuMicroseconds;
  }
  return sum;
}

/** Resident memory of `roots` and their descendants, in KiB. */
export function readResidentKiB(roots: number[]): number {
  const sizes = readTree(roots).map(({ pid }) => /VmRSS:\s+(\d+)/.exec(readOrNull(`/proc/${pid}/status`) ?? ''));
  return sizes.reduce((sum, size) => sum + Number(size?.[1] ?? 0), 0);
}

/** How busy one core was since boot, in microseconds; `stolen` is what the host gave to others. */
export function readCore(core: number): { busy: number; stolen: number } {
  const line = readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`cpu${core} `));
  const [user, nice, system, , , irq, softirq, steal] = (line ?? '').split(' ').slice(1).map(Number);
  const busy = [user, nice, system, irq, softirq].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0);
  return { busy: busy * MICROSECONDS_PER_TICK, stolen: (steal ?? 0) * MICROSECONDS_PER_TICK };
}

function isStdioServer(pid: number): boolean {
  // Only the second word: a gateway has the server's path among its arguments too.
  const [, script] = (readOrNull(`/proc/${pid}/cmdline`) ?? '').split('\0');
  return script?.endsWith(STDIO_SERVER) ?? false;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
