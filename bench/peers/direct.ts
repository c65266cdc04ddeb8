import { GATEWAY_CORE, type Peer, toBearer } from '../peer.ts';
import { findFreePort, waitForPort } from '../processes.ts';
import { toBenchPath } from '../program.ts';

/** No gateway at all: an upstream of its own on the gateway's core, so its CPU is the upstream's. */
export const direct: Peer = {
  name: 'direct',
  group: 'http',
  shape: '2026-07-28',
  checks: { token: false, headers: false, scope: false },
  missing: () => null,
  async start({ directory, processes, tokens }) {
    const port = await findFreePort();
    const upstream = processes.start({
      name: 'direct',
      core: GATEWAY_CORE,
      command: process.execPath,
      args: [toBenchPath('servers/http-echo.ts'), String(port)],
      directory,
    });
    await waitForPort(upstream, port);
    return {
      url: `http://127.0.0.1:${port}/mcp`,
      processes: [upstream],
      credentials: tokens.valid.map(toBearer),
      wrongCredential: toBearer('wrong'),
    };
  },
};
