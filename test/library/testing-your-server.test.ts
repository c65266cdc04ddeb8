import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/testing-your-server.md'), 'utf8');
const FLAGS =
  '--noEmit --strict --skipLibCheck --target es2024 --module nodenext --allowImportingTsExtensions --exactOptionalPropertyTypes'.split(
    ' ',
  );
const run = promisify(execFile);

/** Each program of the page, by the heading that it stands under. */
const programs = PAGE.split(/^## /m)
  .slice(1)
  .map((part) => [part.split('\n', 1)[0] as string, /^```ts\n([^]*?)^```$/m.exec(part)?.[1] ?? ''] as const);

/** With the doors as their sources: the page holds before the package is built, too. */
const fromSource = (program: string, toSpecifier: (path: string) => string): string =>
  program.replaceAll(/(?<=from )'latchkey(?:\/([\w-]+))?'/g, (_, door = 'latchkey') =>
    JSON.stringify(toSpecifier(join(ROOT, `packages/latchkey/src/${door}.ts`))),
  );

describe('docs/testing-your-server.md', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-page-'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const kind of ['run', 'types']) mkdirSync(join(folder, kind));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has a program under each heading', () => {
    expect(programs.length).toBeGreaterThan(5);
    expect(programs.filter(([, program]) => program === '').map(([title]) => title)).toEqual([]);
  });

  for (const [at, [title, program]] of programs.entries())
    it(`${title}: passes`, { timeout: 60_000 }, async () => {
      const file = join(folder, 'run', `program-${at}.test.ts`);
      writeFileSync(
        file,
        fromSource(program, (path) => pathToFileURL(path).href),
      );
      // Each as if nobody tested it from here.
      const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
      const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', file], {
        cwd: folder,
        env: { ...env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
      }).catch(({ stdout: said, stderr }: { stdout: string; stderr: string }) => ({ stdout: said + stderr }));
      expect(stdout).toMatch(/^# fail 0$/m);
      expect(stdout).toMatch(/^# pass [1-9]/m);
    });

  it('has the right types', { timeout: 60_000 }, async () => {
    const files = programs.map(([, program], at) => {
      const file = join(folder, 'types', `program-${at}.ts`);
      writeFileSync(
        file,
        fromSource(program, (path) => path),
      );
      return file;
    });
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    const { stdout } = await run('npx', ['tsc', ...FLAGS, ...types, ...files], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });
});
