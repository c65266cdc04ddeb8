import { writeFileSync } from 'node:fs';
import { CONNECTIONS, LOAD_CORE } from '../peer.ts';
import type { Processes } from '../processes.ts';
import { findProgram, toBenchPath } from '../program.ts';
import { EXPECTED_IN_ANSWER, type Headers, type Shape, toCallHalves, toCallHeaders } from '../request.ts';

/** Nine digits, so that ids stay of one length through a whole run. */
const FIRST_ID = 100_000_000;
const IDS_PER_ROUND = 5_000_000;

export interface Plan {
  url: string;
  path: string;
  rounds: number;
}

export interface Served {
  requests: number;
  microseconds: number;
}

interface Report extends Served {
  refused: number;
  broken: number;
  wrong: number;
}

/** Writes the calls as a wrk script's data: one head for each set of caller headers, in rotation. */
export function createPlan(path: string, url: string, shape: Shape, callers: Headers[], readAnswers: boolean): Plan {
  const { host, pathname } = new URL(url);
  const { head, tail } = toCallHalves(shape);
  const heads = callers.map((caller) => {
    const length = Buffer.byteLength(head + FIRST_ID + tail);
    const headers = { Host: host, ...toCallHeaders(shape), ...caller, 'Content-Length': String(length) };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${head}`;
  });
  const expected = readAnswers ? `expected = ${toLua(EXPECTED_IN_ANSWER)}, ` : '';
  writeFileSync(path, `return { ${expected}tail = ${toLua(tail)}, heads = {\n${heads.map(toLua).join(',\n')} } }\n`);
  return { url, path, rounds: 0 };
}

/** One round of load; throws when any answer was not the right one, because then its cost means nothing. */
export async function runLoad(plan: Plan, seconds: number, processes: Processes, directory: string): Promise<Served> {
  const firstId = FIRST_ID + IDS_PER_ROUND * plan.rounds++;
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--timeout', '10s'];
  const load = processes.start({
    name: 'wrk',
    core: LOAD_CORE,
    command: findProgram('wrk') ?? 'wrk',
    args: [...options, '-s', toBenchPath('load/calls.lua'), plan.url, '--', plan.path, String(firstId)],
    directory,
  });
  if (load.child.exitCode === null) await new Promise((resolve) => load.child.once('exit', resolve));
  const line = /^RESULT (.*)$/m.exec(load.readOutput())?.[1];
  await processes.stop(load);
  if (line === undefined) throw new Error(`wrk gave no result: ${load.readErrors() || load.readOutput()}`);
  const report = JSON.parse(line) as Report;
  if (report.refused + report.broken + report.wrong > 0 || report.requests === 0) {
    throw new Error(`not every call was answered rightly under load: ${line}`);
  }
  return report;
}

function toLua(text: string): string {
  return JSON.stringify(text);
}
