import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serveBothEras, serveLegacy } from '../conformance/fixture/both-eras.ts';
import { createTwoEraServer } from './servers/two-era-server.ts';

/** The `upstream` part of the gateway's configuration. */
type UpstreamConfig = { readonly url: string } | { readonly command: readonly string[]; readonly sessions?: 'shared' };

interface RunningUpstream {
  readonly config: UpstreamConfig;
  close(): Promise<void>;
}

export interface Upstream {
  readonly name: string;
  /** The eras that a client can choose between at the gateway. */
  readonly eras: 'legacy' | 'both';
  /** Whether it has the tools `ask-twice` and `linger`. */
  readonly ours: boolean;
  start(journal: string): Promise<RunningUpstream>;
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const everything = fileURLToPath(
  new URL('dist/index.js', import.meta.resolve('@modelcontextprotocol/server-everything/package.json')),
);

async function startEverythingHttp(): Promise<RunningUpstream> {
  const child = fork(everything, ['streamableHttp'], {
    execArgv: ['--import', pathOf('servers/bind-to-loopback.ts')],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const closed = once(child, 'close');
  const [{ port }] = (await once(child, 'message')) as [AddressInfo];
  return {
    config: { url: `http://127.0.0.1:${port}/mcp` },
    close: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

async function startTwoEraHttp(journal: string): Promise<RunningUpstream> {
  const { url, close } = await serveBothEras(() => createTwoEraServer(journal));
  return { config: { url }, close };
}

async function describeStdio(...args: string[]): Promise<RunningUpstream> {
  return { config: { command: [process.execPath, ...args] }, close: async () => undefined };
}

// The gateway passes HTTP through as it is, but translates between the eras for a stdio server.
export const upstreams: readonly Upstream[] = [
  { name: 'everything over HTTP', eras: 'legacy', ours: false, start: startEverythingHttp },
  { name: 'everything over stdio', eras: 'both', ours: false, start: () => describeStdio(everything, 'stdio') },
  { name: 'a two-era server over HTTP', eras: 'both', ours: true, start: startTwoEraHttp },
  {
    name: 'a two-era server over stdio',
    eras: 'both',
    ours: true,
    start: (journal) => describeStdio(pathOf('servers/two-era-stdio.ts'), journal, 'serve'),
  },
  {
    name: 'a modern server over stdio',
    eras: 'both',
    ours: true,
    start: (journal) => describeStdio(pathOf('servers/two-era-stdio.ts'), journal, 'reject'),
  },
];

/** What knows nothing of 2026-07-28. */
export const legacyOverHttp: Upstream = {
  name: 'a server of 2025-11-25 over HTTP',
  eras: 'legacy',
  ours: true,
  async start(journal) {
    const { url, close } = await serveLegacy(() => createTwoEraServer(journal));
    return { config: { url }, close };
  },
};

/** What can be at one process for all sessions: a server that asks nothing of its clients. */
export const sharing: Upstream = {
  name: 'everything over stdio, its sessions sharing a process',
  eras: 'both',
  ours: false,
  async start() {
    const { config, close } = await describeStdio(everything, 'stdio');
    return { config: { ...config, sessions: 'shared' } as UpstreamConfig, close };
  },
};
