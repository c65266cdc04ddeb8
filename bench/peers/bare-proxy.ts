import { GATEWAY_CORE, type Peer, toBearer } from '../peer.ts';
import { findFreePort, waitForPort } from '../processes.ts';
import { toBenchPath } from '../program.ts';
import { writeTokenFile, writeToolFile } from './files.ts';

/** node:http in front, undici behind, and the decision inlined between them. */
export const bareProxy: Peer = {
  name: 'bare-proxy',
  group: 'http',
  shape: '2026-07-28',
  checks: { token: true, headers: true, scope: true },
  missing: () => null,
  async start(site) {
    const port = await findFreePort();
    const script = toBenchPath('servers/bare-proxy.ts');
    const server = site.processes.start({
      name: 'bare-proxy',
      core: GATEWAY_CORE,
      command: process.execPath,
      args: [script, String(port), site.upstreamUrl, writeTokenFile(site), writeToolFile(site)],
      directory: site.directory,
    });
    await waitForPort(server, port);
    return {
      url: `http://127.0.0.1:${port}/mcp`,
      processes: [server],
      credentials: site.tokens.valid.map(toBearer),
      wrongCredential: toBearer('wrong'),
      unscopedCredential: toBearer(site.tokens.unscoped),
    };
  },
};
