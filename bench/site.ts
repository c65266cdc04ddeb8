import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LOAD_CORE, type Peer, type RunningPeer, type Site } from './peer.ts';
import { type Processes, findFreePort, waitForPort } from './processes.ts';
import { toBenchPath } from './program.ts';
import { TOKEN_COUNT, makeTokens } from './tokens.ts';

/** Starts the shared HTTP upstream and makes the tokens of one part of the run. */
export async function createSite(processes: Processes, directory: string): Promise<Site> {
  mkdirSync(directory, { recursive: true });
  const port = await findFreePort();
  const upstream = processes.start({
    name: 'upstream',
    core: LOAD_CORE,
    command: process.execPath,
    args: [toBenchPath('servers/http-echo.ts'), String(port)],
    directory,
  });
  await waitForPort(upstream, port);
  return {
    directory,
    processes,
    upstreamUrl: `http://127.0.0.1:${port}/mcp`,
    tokens: makeTokens(TOKEN_COUNT),
  };
}

/** Starts a peer in a folder of its own. */
export async function startPeer(peer: Peer, site: Site, label = peer.name): Promise<RunningPeer> {
  const directory = join(site.directory, label);
  mkdirSync(directory, { recursive: true });
  return peer.start({ ...site, directory });
}

export async function stopPeer(running: RunningPeer, processes: Processes): Promise<void> {
  await Promise.all(running.processes.map((one) => processes.stop(one)));
}
