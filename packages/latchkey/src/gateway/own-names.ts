import { WELL_KNOWN } from '../lock/protected-resource.ts';
import { ssePaths } from './routes.ts';
import type { GatewayState } from './state.ts';

/** Fills in what this gateway is called, once its port is known. Nothing of this ever comes from a request. */
export function nameGateway(state: GatewayState, port: number): void {
  addOwnNames(state, port);
  nameResources(state, port);
}

function addOwnNames(state: GatewayState, port: number): void {
  const { publicUrl, host, tls } = state.options;
  const names = ['localhost', '127.0.0.1', '[::1]', host.includes(':') ? `[${host}]` : host];
  const scheme = tls === null ? 'http' : 'https';
  for (const name of names) {
    state.hosts.add(`${name}:${port}`).add(name);
    // As a browser writes it: without the scheme's own port, addresses in their short form.
    state.origins.add(new URL(`${scheme}://${name}:${port}`).origin);
  }
  if (publicUrl === null) return;
  state.hosts
    .add(publicUrl.host)
    .add(
      publicUrl.port === '' ? `${publicUrl.hostname}:${publicUrl.protocol === 'https:' ? 443 : 80}` : publicUrl.host,
    );
  state.origins.add(publicUrl.origin);
}

/** Every URL that is ever published comes from here, never from a request. */
function nameResources({ options, routes }: GatewayState, port: number): void {
  const { publicUrl, tls, host, servers } = options;
  const address = host.includes(':') ? `[${host}]` : host;
  const base = publicUrl ?? new URL(`${tls === null ? 'http' : 'https'}://${address}:${port}`);
  for (const server of servers) {
    server.resource = `${base.origin}${server.path}`;
    const { stream } = ssePaths(server);
    server.sseUrl = routes.has(stream) ? `${base.origin}${stream}` : null;
    server.resourceMetadata = `${base.origin}${WELL_KNOWN}${server.path}`;
    server.sseMetadata = `${base.origin}${WELL_KNOWN}${stream}`;
  }
}
