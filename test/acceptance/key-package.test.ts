import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectRefused, send, type Site } from './harness.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';

const PACKAGE = fileURLToPath(new URL('../../packages/latchkey/', import.meta.url));
/** Of the whole tree: today there are 25. */
const MOST_DEPENDENCIES = 30;
const LICENSES = ['Apache-2.0', 'MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0'];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly gypfile?: boolean;
}

let folder: string;
let spy: SpyUpstream;
/** Files of the tarball. */
let packed: readonly string[];
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
const npm = (...args: readonly string[]): string =>
  execFileSync('npm', args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-package-'));
  spy = await startSpyUpstream();
  const [tarball] = JSON.parse(npm('pack', PACKAGE, '--json', '--ignore-scripts')) as {
    filename: string;
    files: { path: string }[];
  }[];
  packed = (tarball?.files ?? []).map(({ path }) => path);
  writeFileSync(join(folder, 'package.json'), '{"name":"empty","version":"1.0.0","private":true}');
  npm('install', `./${tarball?.filename}`, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline');
}, 180_000);
afterAll(async () => {
  await spy.close();
  rmSync(folder, { recursive: true });
});

function installed(): readonly Manifest[] {
  const found = (readdirSync(join(folder, 'node_modules'), { recursive: true }) as string[]).filter((path) =>
    /(?:^|node_modules\/)(?:@[^/]+\/)?[^/@]+\/package\.json$/.test(path),
  );
  return found.map((path) => JSON.parse(readFileSync(join(folder, 'node_modules', path), 'utf8')) as Manifest);
}

test('KEY-11 Supply chain: the package holds the program alone, and runs where nothing else is', async () => {
  expect(
    packed.filter(
      (path) => !/^(?:bin\/|dist\/|package\.json$|README\.md$|LICENSE$|latchkey\.schema\.json$)/.test(path),
    ),
  ).toEqual([]);
  expect(packed.filter((path) => /\.test\.|\.env|\.pem$|\.key$|\.db$/.test(path))).toEqual([]);
  const own = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as Manifest;
  expect(npm('exec', '--offline', '--', 'latchkey', '--version').trim()).toBe(own.version);
  const args = ['run', '--json', '--listen', '127.0.0.1:0', '--upstream', spy.url, '--store', join(folder, 'store')];
  const child = spawn(join(folder, 'node_modules/.bin/latchkey'), args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { url, token } = JSON.parse(line) as { url: string; token: string };
  const site = { gateway: { url }, spy, tokens: { aliceRead: token } } as unknown as Site;
  expect((await send(site)).status).toBe(200);
  await expectRefused(site, { token: null }, 401);
  child.kill('SIGTERM');
  await closed;
}, 120_000);

test('KEY-11 Supply chain: few dependencies, of known licences, none of which runs anything at install', () => {
  const found = installed();
  const names = found.map(({ name }) => name);
  expect(names).toContain('latchkey');
  expect(names).toContain('zod');
  expect(names.filter((name) => name !== 'latchkey').length).toBeLessThanOrEqual(MOST_DEPENDENCIES);
  for (const { name, license } of found)
    expect({ name, known: LICENSES.includes(license ?? '') }).toEqual({ name, known: true });
  const scripted = found.filter(
    ({ scripts, gypfile }) =>
      gypfile === true || ['preinstall', 'install', 'postinstall'].some((each) => scripts?.[each] !== undefined),
  );
  expect(scripted.map(({ name }) => name)).toEqual([]);
  const native = (readdirSync(join(folder, 'node_modules'), { recursive: true }) as string[]).filter((path) =>
    /\.(?:node|gyp)$/.test(path),
  );
  expect(native).toEqual([]);
});

test('KEY-11 Supply chain: a bill of materials names each of them, with the digest it was fetched by', () => {
  const bill = JSON.parse(npm('sbom', '--sbom-format', 'cyclonedx')) as {
    bomFormat: string;
    components: { name: string; group?: string; version: string; hashes?: { alg: string; content: string }[] }[];
  };
  expect(bill.bomFormat).toBe('CycloneDX');
  const listed = bill.components.map(({ name, version }) => `${name}@${version}`).toSorted();
  expect(listed).toEqual(
    installed()
      .map(({ name, version }) => `${name}@${version}`)
      .toSorted(),
  );
  for (const { name, hashes } of bill.components) {
    expect({ name, digests: hashes?.map(({ alg }) => alg) }).toEqual({ name, digests: ['SHA-512'] });
  }
});
