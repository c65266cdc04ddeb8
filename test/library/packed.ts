import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PACKAGE = fileURLToPath(new URL('../../packages/latchkey/', import.meta.url));

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as Manifest;

export interface Door {
  /** As users import it: `latchkey`, `latchkey/express`. */
  readonly name: string;
  /** As `exports` names it. */
  readonly path: string;
  readonly types: string;
  readonly code: string;
}

export const doors: readonly Door[] = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === 'string'
    ? []
    : [{ name: path.replace('.', 'latchkey'), path, types: target.types, code: target.default }],
);

/** A project of its own, outside of the repository, that has the packed package and nothing else. */
export interface Project {
  readonly folder: string;
  readonly tarball: string;
  npm(...args: readonly string[]): string;
  /** What a program prints; it must end with 0. */
  run(file: string, ...flags: readonly string[]): string;
  write(file: string, text: string): void;
  remove(): void;
}

/** The package as `npm pack` makes it of what is built, installed with some of its optional peers or none. */
export function createProject(peers: readonly string[] = []): Project {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-library-'));
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
  const npm = (...args: readonly string[]): string =>
    execFileSync('npm', args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  write('package.json', '{"name":"empty","version":"1.0.0","private":true,"type":"module"}');
  const [packed] = JSON.parse(npm('pack', PACKAGE, '--json', '--ignore-scripts')) as { filename: string }[];
  const tarball = join(folder, packed?.filename ?? '');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--omit=dev'];
  npm('install', tarball, ...peers, ...flags);
  return {
    folder,
    tarball,
    npm,
    write,
    run: (file, ...nodeFlags) =>
      execFileSync(process.execPath, [...nodeFlags, file], { cwd: folder, env, encoding: 'utf8' }),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
