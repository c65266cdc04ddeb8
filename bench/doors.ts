// What a door costs: the same server without it, with it, and behind the guard of the official SDKs. Everything takes turns.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DOOR_KINDS, type DoorKind } from './doors/kinds.ts';
import { measureDoors } from './doors/measure.ts';
import { parseOptions, USAGE } from './options.ts';
import { createProcesses } from './processes.ts';
import { missingProgram, toBenchPath } from './program.ts';
import { median, medianRatio, minimumRatio } from './statistics.ts';

/** What must not cost more than what: the lock as it is by default, then where it does no more than what it is held against. */
const TARGETS: readonly (readonly [ours: string, theirs: string])[] = [
  ['express latchkey stored', 'express sdk-v2 hash'],
  ['express latchkey stored', 'express sdk-v1 hash'],
  ['mcp latchkey stored', 'mcp sdk-v2 hash'],
  ['express latchkey stored', 'express sdk-v2 row'],
  ['express latchkey stored', 'express sdk-v1 row'],
  ['express latchkey stored', 'express sdk-v2 hash and more by hand'],
  ['express latchkey stored', 'express sdk-v1 hash and more by hand'],
  ['express latchkey stored without trail', 'express sdk-v2 hash'],
  ['express latchkey stored without trail', 'express sdk-v1 hash'],
  ['mcp latchkey stored without trail', 'mcp sdk-v2 hash'],
  ['express latchkey ES256', 'express sdk-v2 ES256'],
  ['express latchkey ES256', 'express sdk-v1 ES256'],
  ['express latchkey RS256', 'express sdk-v2 RS256'],
  ['express latchkey RS256', 'express sdk-v1 RS256'],
];

/** CPU microseconds of a request, round by round, by the name of the server. */
type DoorRounds = ReadonlyMap<string, readonly number[]>;

async function main(): Promise<number> {
  const options = parseOptions(
    process.argv.slice(2),
    DOOR_KINDS.map(({ name }) => name),
  );
  if (options === 'help') {
    console.log(USAGE.replace('run.ts', 'doors.ts'));
    return 0;
  }
  const obstacle = findObstacle();
  if (obstacle !== null) {
    console.error(obstacle);
    return 1;
  }
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const processes = createProcesses();
  process.once('exit', () => {
    processes.killAll();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(130));
  const kinds = DOOR_KINDS.filter(({ name }) => options.only === null || options.only.has(name));
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`);
  console.log(
    `${options.rounds} starts of each, ${options.seconds} s after 20,000 requests to warm up, taking turns; CPU per request`,
  );
  try {
    const measured = new Map(kinds.map(({ name }) => [name, [] as number[]]));
    // Two starts of the same program differ by 5 % and more for as long as they run, so each round has its own.
    for (let round = 0; round < options.rounds; round += 1) {
      const place = join(directory, String(round));
      mkdirSync(place);
      const found = await measureDoors(kinds, { processes, directory: place, seconds: options.seconds });
      for (const [name, cost] of found) measured.get(name)?.push(cost);
      await processes.stopAll();
    }
    console.log(`\n${formatDoors(kinds, measured)}\n`);
    return judge(measured) ? 0 : 1;
  } finally {
    await processes.stopAll();
  }
}

function formatDoors(kinds: readonly DoorKind[], measured: DoorRounds): string {
  const width = Math.max(...kinds.map(({ name }) => name.length));
  const rows = kinds.map(({ name, without }) => {
    const costs = [...(measured.get(name) ?? [])];
    const bare = without === null ? [] : (measured.get(without) ?? []);
    const added = bare.length === 0 ? '' : median(costs.map((cost, at) => cost - (bare[at] ?? NaN))).toFixed(1);
    const cells = [median(costs).toFixed(1), Math.min(...costs).toFixed(1), added];
    return [name.padEnd(width), ...cells.map((cell) => cell.padStart(8))].join('  ');
  });
  return [`${'server'.padEnd(width)}    CPU µs     least     added`, ...rows].join('\n');
}

function judge(measured: DoorRounds): boolean {
  const held = TARGETS.flatMap(([ours, theirs]) => {
    const [costs, reference] = [ours, theirs].map((name) => [...(measured.get(name) ?? [])]) as [number[], number[]];
    if (costs.length === 0 || reference.length === 0) return [];
    const ratio = medianRatio(costs, reference);
    const text = `${ratio.toFixed(3)} x (minima ${minimumRatio(costs, reference).toFixed(3)} x)`;
    console.log(`${ratio <= 1 ? 'PASS' : 'FAIL'}  ${ours} at most ${theirs}: ${text}`);
    return [ratio <= 1];
  });
  return held.every(Boolean);
}

function findObstacle(): string | null {
  if (process.platform !== 'linux') return 'the benchmark pins processes: it runs on Linux only';
  if (cpus().length < 2) return 'the benchmark needs two cores';
  if (!existsSync(toBenchPath('../packages/latchkey/dist/latchkey.js'))) return 'not built (npm run build)';
  return missingProgram('wrk') ?? missingProgram('taskset') ?? missingProgram('setpriv');
}

process.exitCode = await main();
