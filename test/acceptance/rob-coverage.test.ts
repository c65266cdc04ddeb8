import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCE = 'packages/latchkey/src/';

interface Branches {
  readonly covered: number;
  readonly total: number;
}

/** The branches of each file of core and verify that their own unit tests take. */
async function countBranches(): Promise<ReadonlyMap<string, Branches>> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-coverage-'));
  const settings = [
    '--config=vitest.rules.config.ts',
    '--coverage.enabled',
    '--coverage.provider=v8',
    '--coverage.reportOnFailure',
    '--coverage.reporter=json-summary',
    `--coverage.reportsDirectory=${folder}`,
    `--coverage.include=${SOURCE}{core,verify}/**/*.ts`,
    '--coverage.exclude=**/*.test.ts',
  ];
  try {
    // What the test runner around this tells its own workers must not reach the one inside.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_V8)/.test(name)));
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const child = spawn(process.execPath, [vitest, 'run', ...settings], { cwd: ROOT, env, stdio: 'ignore' });
    await once(child, 'exit');
    const { total: _, ...files } = JSON.parse(await readFile(join(folder, 'coverage-summary.json'), 'utf8')) as Record<
      string,
      { readonly branches: Branches }
    >;
    return new Map(
      Object.entries(files).map(([file, { branches }]) => [file.split(`/${SOURCE}`).at(-1) as string, branches]),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('ROB-14 the unit tests take every branch of what decides on credentials, policy and limits', async () => {
  const branches = await countBranches();
  const missed = [...branches].filter(([, { covered, total }]) => covered < total);
  // Only the scanner has any left: keys by the thousand, and faults that are not its own.
  expect(missed.filter(([file]) => !/^core\/(?:strict-)?json/.test(file))).toEqual([]);
  const [covered, total] = ['covered', 'total'].map((which) =>
    [...branches.values()].reduce((sum, each) => sum + each[which as keyof Branches], 0),
  ) as [number, number];
  expect(branches.size).toBeGreaterThan(20);
  expect(total).toBeGreaterThan(400);
  expect(covered / total).toBeGreaterThan(0.98);
}, 300_000);
