import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** Path of a program of the system, or null; looks where daemons live too, which is not on every user's PATH. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/** The sentence for a system program that is not there, or null. */
export function missingProgram(name: string): string | null {
  return findProgram(name) ? null : `${name} is not installed (Debian: apt-get install ${name})`;
}

/** Path of an npm package's command, or null. */
export function findPackageCommand(packageName: string): string | null {
  try {
    const manifest = findManifest(packageName);
    const { bin } = require(manifest) as { bin: string | Record<string, string> };
    const path = typeof bin === 'string' ? bin : bin[packageName];
    return path === undefined ? null : join(dirname(manifest), path);
  } catch {
    return null;
  }
}

export function missingPackage(packageName: string): string | null {
  return findPackageCommand(packageName) ? null : `${packageName} is not installed (npm ci in the repository's root)`;
}

/** Absolute path of a file of this folder. */
export function toBenchPath(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** What a stdio gateway is told to start: the test server, moved off the gateway's core. */
export function toStdioServerCommand(core: number): string[] {
  return ['taskset', '-c', String(core), process.execPath, toBenchPath('servers/stdio-echo.ts')];
}

function findManifest(packageName: string): string {
  const folders = require.resolve.paths(packageName) ?? [];
  const manifest = folders.map((folder) => join(folder, packageName, 'package.json')).find(isReadable);
  if (manifest === undefined) throw new Error(`${packageName} not found`);
  return manifest;
}

function isExecutable(path: string): boolean {
  return canAccess(path, constants.X_OK);
}

function isReadable(path: string): boolean {
  return canAccess(path, constants.R_OK);
}

function canAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
