import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY_CORE, type Peer, type Site, toBearer } from '../peer.ts';
import { findFreePort, waitForPort } from '../processes.ts';
import { findProgram, missingProgram } from '../program.ts';
import { writeTokenMap, writeToolMap } from './files.ts';

/** HAProxy that decides as Latchkey must: token by digest, body held against the headers, a scope for each tool. */
export const haproxy: Peer = {
  name: 'haproxy',
  group: 'http',
  shape: '2026-07-28',
  checks: { token: true, headers: true, scope: true },
  missing: () => missingProgram('haproxy'),
  async start(site) {
    const port = await findFreePort();
    const server = site.processes.start({
      name: 'haproxy',
      core: GATEWAY_CORE,
      command: findProgram('haproxy') ?? 'haproxy',
      args: ['-db', '-f', writeConfig(site, port)],
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

function writeConfig(site: Site, port: number): string {
  const path = join(site.directory, 'haproxy.cfg');
  writeFileSync(
    path,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  option http-buffer-request
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend mcp
  bind 127.0.0.1:${port}
  http-request set-var(txn.scope) http_auth_bearer,sha2(256),hex,map(${writeTokenMap(site)})
  http-request deny deny_status 401 unless { var(txn.scope) -m found }
  http-request set-var(txn.method) req.body,json_query('$.method')
  http-request deny deny_status 400 unless { req.hdr(mcp-method),strcmp(txn.method) eq 0 }
  http-request set-var(txn.name) req.body,json_query('$.params.name')
  http-request deny deny_status 400 unless { req.hdr(mcp-name),strcmp(txn.name) eq 0 }
  http-request deny deny_status 403 unless { var(txn.name),map(${writeToolMap(site)}),strcmp(txn.scope) eq 0 }
  http-request del-header authorization
  default_backend upstream
backend upstream
  server mcp ${new URL(site.upstreamUrl).host} pool-purge-delay 600s
`,
  );
  return path;
}
