import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/testing-your-server.md'), 'utf8');
const FLAGS =
  '--noEmit --skipLibCheck --strict --exactOptionalPropertyTypes --target es2024 --module nodenext --types node'.split(
    ' ',
  );
const run = promisify(execFile);

/** Each program of the page, by the heading that it stands under. */
const programs = PAGE.split(/^## /m)
  .slice(1)
  .map((part) => [part.split('\n', 1)[0] as string, /^```ts\n([^]*?)^```$/m.exec(part)?.[1] ?? ''] as const);

const fileOf = (at: number): string => `program-${at}.test.ts`;

// By the built package, as users have it.
describe('docs/testing-your-server.md', { timeout: 120_000 }, () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-page-'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const [at, [, program]] of programs.entries()) writeFileSync(join(folder, fileOf(at)), program);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has a program under each heading', () => {
    expect(programs.length).toBeGreaterThan(5);
    expect(programs.filter(([, program]) => program === '').map(([title]) => title)).toEqual([]);
  });

  for (const [at, [title]] of programs.entries())
    it(`${title}: passes`, async () => {
      // As if nobody tested it from here.
      const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
      const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', fileOf(at)], {
        cwd: folder,
        env: { ...env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
      }).catch(({ stdout: said, stderr }: { stdout: string; stderr: string }) => ({ stdout: said + stderr }));
      expect(stdout).toMatch(/^# fail 0$/m);
      expect(stdout).toMatch(/^# pass [1-9]/m);
    });

  it('has the right types', async () => {
    const files = programs.map((_, at) => fileOf(at));
    const { stdout } = await run('npx', ['tsc', ...FLAGS, ...files], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });
});
