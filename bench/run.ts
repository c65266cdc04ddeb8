// One command: starts every peer, proves that it answers rightly, measures all in turn, prints the table.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Options, USAGE, parseOptions } from './options.ts';
import { LOAD_CORE, type Peer } from './peer.ts';
import { memoryPeers, peers } from './peer-list.ts';
import { type Processes, createProcesses } from './processes.ts';
import { missingProgram } from './program.ts';
import { formatHttp, formatMemory, formatStdio } from './report.ts';
import { createSite } from './site.ts';
import { median } from './statistics.ts';
import { type MemoryOutcome, measureStreams } from './streams.ts';
import { judgeTargets } from './targets.ts';
import { type Outcome, measureThroughput } from './throughput.ts';

const knownNames = [...peers.map(({ name }) => name), 'http', 'stdio', 'memory'];

async function main(): Promise<number> {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(process.argv.slice(2), knownNames);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  const obstacle = findObstacle();
  if (obstacle !== null) {
    console.error(obstacle);
    return 1;
  }
  return runIn(mkdtempSync(join(tmpdir(), 'latchkey-bench-')), options);
}

async function runIn(directory: string, options: Options): Promise<number> {
  const processes = createProcesses();
  process.once('exit', () => {
    processes.killAll();
    // A process just killed may finish one last write.
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(name, () => process.exit(code));
  }
  // This process opens streams and reads answers: load, so it belongs on the load's core.
  execFileSync('taskset', ['-a', '-p', '-c', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' });
  try {
    return await measureAll(directory, options, processes);
  } finally {
    await processes.stopAll();
  }
}

async function measureAll(directory: string, options: Options, processes: Processes): Promise<number> {
  console.log(describeRun(options));
  const throughput = async (group: Peer['group']): Promise<Outcome[]> => {
    const wanted = peers.filter((peer) => peer.group === group && isWanted(options, peer.name, group));
    return wanted.length === 0
      ? []
      : measureThroughput(wanted, await createSite(processes, join(directory, group)), options);
  };
  const http = await throughput('http');
  if (http.length > 0) console.log(`\nHTTP upstream\n${formatHttp(http)}\n${describeNoise(http)}`);
  const stdio = await throughput('stdio');
  if (stdio.length > 0) console.log(`\nstdio upstream\n${formatStdio(stdio)}\n${describeNoise(stdio)}`);
  let memory: MemoryOutcome[] = [];
  if (isWanted(options, 'memory', 'memory')) {
    memory = await measureStreams(memoryPeers, await createSite(processes, join(directory, 'memory')), options);
    console.log(`\nIdle SSE streams, growth of resident memory in KiB a stream\n${formatMemory(memory)}`);
  }
  const verdicts = judgeTargets(http, stdio, memory);
  console.log('\nTargets');
  for (const { target, measured, result } of verdicts) console.log(`${result.padEnd(12)}  ${target}: ${measured}`);
  const broken = [...http, ...stdio, ...memory].some((outcome) => 'broken' in outcome && outcome.broken);
  return broken || verdicts.some(({ result }) => result === 'FAIL') ? 1 : 0;
}

function isWanted({ only }: Options, name: string, group: string): boolean {
  return only === null || only.has(name) || only.has(group);
}

function describeRun({ rounds, seconds, warmCalls }: Options): string {
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`;
  return `${machine}\n${rounds} rounds of ${seconds} s after ${warmCalls} calls to warm up, taking turns; CPU of the gateway per request`;
}

function describeNoise(outcomes: Outcome[]): string {
  const shares = outcomes.flatMap((one) => ('rounds' in one ? one.rounds.map(({ otherShare }) => otherShare) : []));
  if (shares.length === 0) return '';
  return `others on the gateway's core: median ${toPercent(median(shares))}, worst ${toPercent(Math.max(...shares))}`;
}

function toPercent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function findObstacle(): string | null {
  if (process.platform !== 'linux') return 'the benchmark reads /proc and pins processes: it runs on Linux only';
  if (Number(process.versions.node.split('.')[0]) < 24)
    return 'the benchmark needs Node 24 or newer: npm run puts it first on PATH';
  if (cpus().length < 2) return 'the benchmark needs two cores';
  return missingProgram('wrk') ?? missingProgram('taskset') ?? missingProgram('setpriv');
}

process.exitCode = await main();
