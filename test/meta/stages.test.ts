// The acceptance tests put to the test: without the stage that a check defends, that check must fail.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Sample {
  /** The stage, or the part of `forward`, that is taken away. */
  readonly stage: string;
  readonly file: string;
  /** How the names of the checks begin. */
  readonly checks: readonly string[];
}

const SAMPLES: readonly Sample[] = [
  { stage: 'receive', file: 'rsa-scopes', checks: ['RSA-24 '] },
  { stage: 'limit-peer', file: 'main-job', checks: ['limits answer 429'] },
  { stage: 'identify', file: 'rsa-credentials', checks: ['RSA-01 ', 'RSA-03 '] },
  {
    stage: 'read',
    file: 'pol-encodings',
    checks: ['POL-13 ', 'POL-16 Content-Encoding$', 'POL-23 oversize never half-judged$'],
  },
  { stage: 'scan', file: 'hdr-headers', checks: ['HDR-09 ', 'HDR-13 '] },
  { stage: 'limit-principal', file: 'main-job', checks: ['limits answer 429'] },
  { stage: 'authorize', file: 'rsa-scopes', checks: ['RSA-20 ', 'RSA-21 '] },
  { stage: 'check-definition', file: 'pol-pins', checks: ['POL-35 tool definition pinning: pins outlive'] },
  { stage: 'match-parameters', file: 'hdr-parameters', checks: ['HDR-23 ', 'HDR-24 '] },
  { stage: 'filter', file: 'rsa-scopes', checks: ['RSA-34 '] },
  { stage: 'seal', file: 'leg-sessions', checks: ['LEG-05 '] },
];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGE = join(ROOT, 'packages/latchkey');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-meta-'));
  await copyProgram();
});
afterAll(() => rm(folder, { recursive: true }));

/** The built program in a folder of its own, with a pipeline that can do without a stage. */
async function copyProgram(): Promise<void> {
  const copy = join(folder, 'packages/latchkey');
  await mkdir(copy, { recursive: true });
  for (const part of ['bin', 'dist', 'package.json'])
    await cp(join(PACKAGE, part), join(copy, part), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const nested = join(PACKAGE, 'node_modules');
  if (existsSync(nested)) await symlink(nested, join(copy, 'node_modules'));
  const gateway = join(copy, 'dist/gateway');
  await rename(join(gateway, 'pipeline.js'), join(gateway, 'pipeline-whole.js'));
  await copyFile(new URL('pipeline-without.js', import.meta.url), join(gateway, 'pipeline.js'));
}

interface Outcome {
  readonly file: string;
  readonly check: string;
  readonly status: string;
}

/** Runs those checks against the copy without a stage (or with all of them) and says how each went. */
async function runChecks(without: string, samples: readonly Sample[]): Promise<readonly Outcome[]> {
  const report = join(folder, `${without || 'whole'}.json`);
  const files = [...new Set(samples.map(({ file }) => `test/acceptance/${file}.test.ts`))];
  const names = [...new Set(samples.flatMap(({ checks }) => checks))].map((check) => `^${check}`);
  const args = ['run', '--project', 'acceptance', ...files, '-t', names.join('|')];
  const output = ['--reporter=json', `--outputFile.json=${report}`];
  // Two of these run at once, so their sites take their time to start.
  const patience = ['--hookTimeout=240000', '--testTimeout=240000'];
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args, ...output, ...patience],
    { cwd: ROOT, env: environment(without), stdio: 'ignore', detached: true },
  );
  await once(child, 'close');
  endGroup(child.pid);
  const { testResults } = JSON.parse(await readFile(report, 'utf8')) as {
    testResults: readonly { name: string; assertionResults: readonly { title: string; status: string }[] }[];
  };
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ title, status }) => ({
      file: name.replace(/^.*\/|\.test\.ts$/g, ''),
      check: title,
      status,
    })),
  );
}

/** A check that fails in its middle leaves the gateway that it started. */
function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing was left.
  }
}

/** What this run of vitest has in its environment is not for the one inside. */
function environment(without: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_ENV$|TEST$)/.test(name));
  const program = join(folder, 'packages/latchkey/bin/latchkey.js');
  return { ...Object.fromEntries(own), LATCHKEY_TEST_PROGRAM: program, LATCHKEY_TEST_WITHOUT: without };
}

/** The outcomes of what a sample names; each name stands for a check at least. */
function pick(outcomes: readonly Outcome[], { file, checks }: Sample): readonly Outcome[] {
  return checks.flatMap((start) => {
    const found = outcomes.filter(({ file: of, check }) => of === file && new RegExp(`^${start}`).test(check));
    expect([start, found.length > 0]).toEqual([start, true]);
    return found;
  });
}

describe.concurrent('the checks of a stage', () => {
  it('pass with every stage in place', async ({ expect: assert }) => {
    const outcomes = await runChecks('', SAMPLES);
    const picked = SAMPLES.flatMap((sample) => pick(outcomes, sample));
    assert(picked.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  it.for(SAMPLES)('fail without $stage', async (sample, { expect: assert }) => {
    const picked = pick(await runChecks(sample.stage, [sample]), sample);
    assert(picked.filter(({ status }) => status !== 'failed')).toEqual([]);
  });
});
