import { GATEWAY_CORE, type Peer, toBearer } from '../peer.ts';
import { findFreePort, waitForPort } from '../processes.ts';
import { missingProgram, toBenchPath } from '../program.ts';
import { writeTokenFile } from './files.ts';
import { startNginx } from './nginx-server.ts';

/** nginx that asks a small Node service about each token; both count as the gateway. */
export const nginxAuthRequest: Peer = {
  name: 'nginx-auth-request',
  group: 'http',
  shape: '2026-07-28',
  checks: { token: true, headers: false, scope: false },
  missing: () => missingProgram('nginx'),
  async start(site) {
    const port = await findFreePort();
    const servicePort = await findFreePort();
    const service = site.processes.start({
      name: 'token-service',
      core: GATEWAY_CORE,
      command: process.execPath,
      args: [toBenchPath('servers/token-service.ts'), String(servicePort), writeTokenFile(site)],
      directory: site.directory,
    });
    await waitForPort(service, servicePort);
    const server = await startNginx({
      site,
      name: 'nginx-auth-request',
      port,
      upstreams: `upstream tokens { server 127.0.0.1:${servicePort}; keepalive 64; keepalive_requests 100000000; keepalive_timeout 600s; }`,
      guard: `auth_request /token;
    proxy_set_header Authorization "";
    location = /token {
      internal;
      proxy_pass http://tokens;
      proxy_pass_request_body off;
      proxy_pass_request_headers off;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_set_header Authorization $http_authorization;
    }`,
    });
    return {
      url: `http://127.0.0.1:${port}/mcp`,
      processes: [server, service],
      credentials: site.tokens.valid.map(toBearer),
      wrongCredential: toBearer('wrong'),
    };
  },
};
