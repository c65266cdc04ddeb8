import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProject, doors, manifest, PACKAGE, type Project } from './packed.ts';

const ATTW = fileURLToPath(new URL('../../node_modules/.bin/attw', import.meta.url));
/** What the command line needs and a program that imports the library does not. */
const HEAVY = ['pino', 'commander', 'yaml', '@clack/prompts', '@marcbachmann/cel-js', 're2js', 'jose', 'zod'];
/** `jwt` reads options by the one schema of the configuration, and `cel` compiles a condition, both at once. */
const NEEDED: Readonly<Record<string, readonly string[]>> = { latchkey: ['@marcbachmann/cel-js', 're2js', 'zod'] };
/** Prints every package that importing a door loads. */
const LOADED = `
import { registerHooks } from 'node:module';
const packages = new Set();
registerHooks({
  load(url, context, next) {
    const name = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url)?.[1];
    if (name !== undefined) packages.add(name);
    return next(url, context);
  },
});
const door = await import(process.env.DOOR);
console.log(JSON.stringify({ packages: [...packages], exports: Object.keys(door) }));
`;

/** Resolvers that know no ES modules or no `exports`, which this package does not serve. */
const OLD = ['node10', 'node16-cjs'];

interface Analysis {
  readonly problems: readonly { readonly resolutionKind?: string }[];
  readonly entrypoints: object;
}

let project: Project;
beforeAll(() => void (project = createProject()), 120_000);
afterAll(() => project.remove());

function load(door: string): { readonly packages: readonly string[]; readonly exports: readonly string[] } {
  project.write('load.mjs', LOADED.replace('process.env.DOOR', JSON.stringify(door)));
  return JSON.parse(project.run('load.mjs')) as ReturnType<typeof load>;
}

describe('the package', () => {
  it('is taken by publint without a remark', async () => {
    const { buffer: tarball } = new Uint8Array(readFileSync(project.tarball));
    const { messages } = await publint({ pack: { tarball }, strict: true });
    expect(messages).toEqual([]);
  });

  it('has types that every resolver of ES modules finds', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [ATTW, project.tarball, '--profile', 'esm-only', '--format', 'json'],
      {
        encoding: 'utf8',
      },
    );
    const { analysis } = JSON.parse(stdout) as { analysis: Analysis };
    expect(analysis.problems.filter(({ resolutionKind }) => !OLD.includes(resolutionKind ?? ''))).toEqual([]);
    expect(Object.keys(analysis.entrypoints)).toEqual(expect.arrayContaining(doors.map(({ path }) => path)));
    expect(status).toBe(0);
  }, 60_000);

  it('names what is a peer as optional, so that nobody has to install a framework', () => {
    const { peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
    expect(Object.keys(peerDependenciesMeta).sort()).toEqual(Object.keys(peerDependencies).sort());
    expect(Object.values(peerDependenciesMeta)).toEqual(Object.keys(peerDependencies).map(() => ({ optional: true })));
  });
});

describe.each(doors)('$name', ({ name, types, code }) => {
  it('is a file of re-exports with types beside it', () => {
    expect([existsSync(join(PACKAGE, types)), existsSync(join(PACKAGE, code))]).toEqual([true, true]);
    const source = readFileSync(join(PACKAGE, code.replace('./dist/', 'src/').replace(/\.js$/, '.ts')), 'utf8');
    const statements = source
      .replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '')
      .split(';')
      .map((each) => each.trim());
    expect(
      statements.filter((each) => each !== '' && !/^export (?:type )?(?:\{[^}]*\}|\*) from '[^']+'$/.test(each)),
    ).toEqual([]);
  });

  it('loads where no framework is, and loads nothing that only the command line needs', () => {
    const { packages, exports } = load(name);
    expect(exports.length).toBeGreaterThan(0);
    expect(packages.filter((each) => HEAVY.includes(each)).toSorted()).toEqual(NEEDED[name] ?? []);
    expect(packages.filter((each) => each in (manifest.peerDependencies ?? {}))).toEqual([]);
  });
});
