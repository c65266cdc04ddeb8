import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export type ProxyName = 'nginx' | 'caddy';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const READY_MS = 20_000;

interface Program {
  readonly file: string;
  readonly command: (directory: string) => readonly string[];
}

const PROGRAMS: Readonly<Record<ProxyName, Program>> = {
  nginx: {
    file: 'nginx.conf',
    // In one process: a worker that gave up its rights could not read a folder that is the test's own.
    command: (directory) => ['nginx', '-p', directory, '-c', 'nginx.conf', '-g', 'master_process off;'],
  },
  caddy: {
    file: 'Caddyfile',
    command: (directory) => ['caddy', 'run', '--config', join(directory, 'Caddyfile'), '--adapter', 'caddyfile'],
  },
};

export function hasProxy(name: ProxyName): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

/** The ports of the examples, and which are meant. */
export interface Ports {
  readonly proxy: number;
  readonly lock: number;
  readonly server: number;
}

export interface Proxy {
  readonly url: string;
  talk(): string;
  close(): Promise<void>;
}

/** The configuration of the example, as users have it, on other ports; `change` edits it. */
export async function startProxy(
  name: ProxyName,
  ports: Ports,
  change: (text: string) => string = (text) => text,
): Promise<Proxy> {
  const directory = await mkdtemp(join(tmpdir(), `latchkey-${name}-`));
  const { file, command } = PROGRAMS[name];
  const text = await readFile(join(EXAMPLES, `forward-auth-${name}`, file), 'utf8');
  await mkdir(join(directory, 'temp'));
  await writeFile(
    join(directory, file),
    change(text)
      .replaceAll(':8080', `:${ports.proxy}`)
      .replaceAll(':8787', `:${ports.lock}`)
      .replaceAll(':3000', `:${ports.server}`),
  );
  const [program = '', ...args] = command(directory);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
  });
  const closed = once(child, 'close');
  let talk = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void (talk += chunk));
  const until = Date.now() + READY_MS;
  while (!(await answers(ports.proxy))) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${name} did not start:\n${talk}`);
    await sleep(50);
  }
  return {
    url: `http://127.0.0.1:${ports.proxy}/mcp`,
    talk: () => talk,
    async close() {
      if (child.exitCode === null) child.kill('SIGTERM');
      await closed;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
