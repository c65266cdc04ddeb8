import { type Peer, toBearer } from '../peer.ts';
import { findFreePort } from '../processes.ts';
import { missingProgram } from '../program.ts';
import { startNginx } from './nginx-server.ts';

/** nginx that only passes on: what a proxy costs before it decides anything. */
export const nginx: Peer = {
  name: 'nginx',
  group: 'http',
  shape: '2026-07-28',
  checks: { token: false, headers: false, scope: false },
  missing: () => missingProgram('nginx'),
  async start(site) {
    const port = await findFreePort();
    const server = await startNginx({ site, name: 'nginx', port, upstreams: '', guard: '' });
    return {
      url: `http://127.0.0.1:${port}/mcp`,
      processes: [server],
      credentials: site.tokens.valid.map(toBearer),
      wrongCredential: toBearer('wrong'),
    };
  },
};
