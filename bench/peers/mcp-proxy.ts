import { randomBytes } from 'node:crypto';
import { GATEWAY_CORE, LOAD_CORE, type Peer } from '../peer.ts';
import { findFreePort, waitForPort } from '../processes.ts';
import { findPackageCommand, missingPackage, toStdioServerCommand } from '../program.ts';
import type { Shape } from '../request.ts';

/** mcp-proxy with its API key (it has one, so nothing rotates), one child for all callers. */
export const mcpProxy = createPeer('mcp-proxy', '2026-07-28');
export const mcpProxySessions = createPeer('mcp-proxy-sessions', '2025-11-25');

function createPeer(name: string, shape: Shape): Peer {
  return {
    name,
    group: 'stdio',
    shape,
    checks: { token: true, headers: shape === '2026-07-28', scope: false },
    missing: () => missingPackage('mcp-proxy'),
    async start({ directory, processes }) {
      const port = await findFreePort();
      const key = randomBytes(24).toString('hex');
      const options = ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream', '--apiKey', key];
      const server = processes.start({
        name,
        core: GATEWAY_CORE,
        command: process.execPath,
        args: [findPackageCommand('mcp-proxy') ?? '', ...options, '--', ...toStdioServerCommand(LOAD_CORE)],
        directory,
      });
      await waitForPort(server, port);
      return {
        url: `http://127.0.0.1:${port}/mcp`,
        processes: [server],
        credentials: [{ 'X-API-Key': key }],
        wrongCredential: { 'X-API-Key': 'wrong' },
      };
    },
  };
}
