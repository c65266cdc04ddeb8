import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY_CORE, type Site } from '../peer.ts';
import { type Started, waitForPort } from '../processes.ts';
import { findProgram } from '../program.ts';

export interface NginxOptions {
  site: Site;
  name: string;
  port: number;
  /** More `upstream` blocks. */
  upstreams: string;
  /** What stands in the server block before the proxied location. */
  guard: string;
}

/** Starts one nginx worker without logs that passes everything to the site's upstream over kept connections. */
export async function startNginx({ site, name, port, upstreams, guard }: NginxOptions): Promise<Started> {
  const path = join(site.directory, `${name}.conf`);
  writeFileSync(
    path,
    `daemon off; worker_processes 1; pid ${path}.pid; error_log ${path}.log error;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  client_body_temp_path ${path}.body; proxy_temp_path ${path}.proxy; fastcgi_temp_path ${path}.fastcgi;
  uwsgi_temp_path ${path}.uwsgi; scgi_temp_path ${path}.scgi;
  upstream mcp { server ${new URL(site.upstreamUrl).host}; keepalive 64; keepalive_requests 100000000; keepalive_timeout 600s; }
  ${upstreams}
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    ${guard}
    location / { proxy_pass http://mcp; }
  }
}
`,
  );
  const server = site.processes.start({
    name,
    core: GATEWAY_CORE,
    command: findProgram('nginx') ?? 'nginx',
    args: ['-p', site.directory, '-e', `${path}.log`, '-c', path],
    directory: site.directory,
  });
  await waitForPort(server, port);
  return server;
}
