import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FILE = 'packages/latchkey/src/core/gcra.ts';

interface MutationReport {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

/** Runs Stryker with the repository's settings on one file; how many of its mutants have which end. */
async function mutate(file: string): Promise<Readonly<Record<string, number>>> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-mutation-'));
  const fileName = join(folder, 'report.json');
  const settings = JSON.parse(await readFile(join(ROOT, 'stryker.config.json'), 'utf8')) as object;
  const config = join(folder, 'stryker.config.json');
  await writeFile(config, JSON.stringify({ ...settings, mutate: [file], concurrency: 1, jsonReporter: { fileName } }));
  try {
    const stryker = join(ROOT, 'node_modules/@stryker-mutator/core/bin/stryker.js');
    // What the test runner around this tells its own workers must not reach the one inside.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_V8)/.test(name)));
    const child = spawn(process.execPath, [stryker, 'run', config], { cwd: ROOT, env, stdio: 'ignore' });
    await once(child, 'exit');
    const report = JSON.parse(await readFile(fileName, 'utf8')) as MutationReport;
    const ends: Record<string, number> = {};
    for (const { status } of report.files[file]?.mutants ?? []) ends[status] = (ends[status] ?? 0) + 1;
    return ends;
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('ROB-13 the unit tests notice at least 85 % of what is broken in the arithmetic of limits', async () => {
  const { Killed = 0, Timeout = 0, Survived = 0, NoCoverage = 0, ...others } = await mutate(FILE);
  expect(others).toEqual({});
  const all = Killed + Timeout + Survived + NoCoverage;
  expect(all).toBeGreaterThan(10);
  // Failed assertions, not tests that ran out of time.
  expect(Killed / all).toBeGreaterThanOrEqual(0.85);
}, 300_000);
