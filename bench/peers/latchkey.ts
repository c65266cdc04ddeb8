import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createJwts } from '../jwts.ts';
import { GATEWAY_CORE, LOAD_CORE, type Peer, type RunningPeer, type Site, type TokenSet, toBearer } from '../peer.ts';
import { postMessage } from '../post.ts';
import { type Started, findFreePort, waitUntil } from '../processes.ts';
import { toBenchPath, toStdioServerCommand } from '../program.ts';
import { SCOPE, type Shape, TOOL, toCallHalves, toCallHeaders } from '../request.ts';
import { LATCHKEY_COMMAND, TOKEN_COUNT, createTokens } from '../tokens.ts';

const BUILT = toBenchPath('../packages/latchkey/dist/cli/main.js');
const checks = { token: true, headers: true, scope: true };
const missing = () => (existsSync(BUILT) ? null : 'not built (npm run build)');

/** Latchkey in front of the HTTP upstream, with limits and trail on. */
export const latchkey: Peer = {
  name: 'latchkey',
  group: 'http',
  shape: '2026-07-28',
  checks,
  missing,
  start: (site) => start(site, 'latchkey', { url: site.upstreamUrl }),
};

/** The same for callers that come with the JWTs of an issuer. */
export const latchkeyJwt: Peer = {
  ...latchkey,
  name: 'latchkey-jwt',
  async start(site) {
    const { tokens, auth } = createJwts(site.directory, TOKEN_COUNT);
    const running = await start(site, 'latchkey-jwt', { url: site.upstreamUrl }, { auth });
    const { head, tail } = toCallHalves('2026-07-28');
    // What is measured is the call with a token that is known.
    for (const token of tokens.valid)
      await postMessage(running.url, { ...toCallHeaders('2026-07-28'), ...toBearer(token) }, `${head}7${tail}`);
    return { ...running, ...toCredentials(tokens) };
  },
};

/** Latchkey in front of the stdio server; its tokens rotate where the shape has no sessions. */
export const latchkeyStdio = createStdioPeer('latchkey-stdio', '2026-07-28');
export const latchkeyStdioSessions = createStdioPeer('latchkey-stdio-sessions', '2025-11-25');
/** All sessions at one process, as mcp-proxy has them. */
export const latchkeyStdioShared = createStdioPeer('latchkey-stdio-shared', '2025-11-25', { sessions: 'shared' });

function createStdioPeer(name: string, shape: Shape, more: object = {}): Peer {
  return {
    name,
    group: 'stdio',
    shape,
    checks: { ...checks, headers: shape === '2026-07-28' },
    missing,
    start: (site) => start(site, name, { command: toStdioServerCommand(LOAD_CORE), ...more }),
  };
}

async function start(site: Site, name: string, upstream: object, more: object = {}): Promise<RunningPeer> {
  const store = join(site.directory, `${name}-store`);
  const tokens = await createTokens(store, TOKEN_COUNT);
  const server = site.processes.start({
    name,
    core: GATEWAY_CORE,
    command: process.execPath,
    args: [
      LATCHKEY_COMMAND,
      'run',
      '--config',
      writeConfig(site, name, { store, upstream, ...more }, await findFreePort()),
      '--json',
    ],
    directory: site.directory,
  });
  const url = await waitUntil(server, async () => readReadyUrl(server));
  return {
    url: new URL('/mcp', url).href,
    processes: [server],
    ...toCredentials(tokens),
    wrongCredential: toBearer('wrong'),
  };
}

function toCredentials({ valid, unscoped }: TokenSet): Pick<RunningPeer, 'credentials' | 'unscopedCredential'> {
  return { credentials: valid.map(toBearer), unscopedCredential: toBearer(unscoped) };
}

function writeConfig(site: Site, name: string, settings: object, port: number): string {
  const path = join(site.directory, `${name}.yaml`);
  // JSON is YAML. The trail is on by default; the limits count every call and stop none.
  const config = {
    listen: `127.0.0.1:${port}`,
    tools: { [TOOL]: { scopes: [SCOPE] } },
    ...settings,
    limits: {
      callsPerCredential: '100000000/min',
      requestsPerAddress: '100000000/min',
      connectionsPerAddress: 100_000,
      sessions: 1000,
      streams: 1000,
      streamsPerAddress: 100_000,
    },
  };
  writeFileSync(path, JSON.stringify(config, null, 2));
  return path;
}

function readReadyUrl(server: Started): string | null {
  const line = server
    .readOutput()
    .split('\n')
    .find((one) => one.includes('"event":"ready"'));
  return line === undefined ? null : (JSON.parse(line) as { url: string }).url;
}
