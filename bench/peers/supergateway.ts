import { GATEWAY_CORE, LOAD_CORE, type Peer } from '../peer.ts';
import { findFreePort, waitForPort } from '../processes.ts';
import { findPackageCommand, missingPackage, toBenchPath, toStdioServerCommand } from '../program.ts';

/** supergateway, stateful: a child for each session, and no check of the caller at all. */
export const supergateway: Peer = {
  name: 'supergateway',
  group: 'stdio',
  shape: '2025-11-25',
  checks: { token: false, headers: false, scope: false },
  missing: () => missingPackage('supergateway'),
  async start({ directory, processes }) {
    const port = await findFreePort();
    const command = toStdioServerCommand(LOAD_CORE)
      .map((word) => `'${word}'`)
      .join(' ');
    // It would listen on every interface without asking who calls.
    const node = ['--import', toBenchPath('peers/listen-on-loopback.ts'), findPackageCommand('supergateway') ?? ''];
    const options = ['--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none'];
    const server = processes.start({
      name: 'supergateway',
      core: GATEWAY_CORE,
      command: process.execPath,
      args: [...node, '--stdio', command, '--port', String(port), ...options],
      directory,
    });
    await waitForPort(server, port);
    return {
      url: `http://127.0.0.1:${port}/mcp`,
      processes: [server],
      credentials: [{}],
      wrongCredential: {},
    };
  },
};
