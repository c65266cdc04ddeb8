import { revisionsOf } from '../core/revision.ts';
import { visibleScopes } from '../core/visible-scopes.ts';
import { WELL_KNOWN } from '../lock/protected-resource.ts';
import type { ProtectedServer, Route, ServerRouteKind } from './exchange.ts';
import type { GatewayOptions } from './options.ts';

const ROTATE_PATH = '/.latchkey/rotate';

/** Every path that is answered, exact. What is not in here is 404. */
export function createRoutes(
  options: GatewayOptions,
  stopping: () => boolean,
): { routes: ReadonlyMap<string, Route>; probes: ReadonlySet<Route> } {
  const routes = new Map<string, Route>();
  for (const server of options.servers) {
    for (const [path, route] of serverRoutes(options, server)) routes.set(path, route);
    const publish = (path: string, resource: () => string): void =>
      void routes.set(
        `${WELL_KNOWN}${path}`,
        document(() => metadataOf(options, server, resource())),
      );
    publish(server.path, () => server.resource);
    const { stream } = ssePaths(server);
    if (routes.has(stream)) publish(stream, () => server.sseUrl ?? '');
  }
  for (const { path, body } of options.documents) routes.set(path, { kind: 'document', ...OF_NO_SERVER, body });
  for (const endpoint of options.endpoints) routes.set(endpoint.path, { kind: 'endpoint', ...OF_NO_SERVER, endpoint });
  if (options.verifier !== null) routes.set(ROTATE_PATH, { kind: 'rotate', ...OF_NO_SERVER });
  const health = document(() => '{"status":"ok"}');
  const ready: Route = {
    kind: 'document',
    ...OF_NO_SERVER,
    body: () => (stopping() ? { status: 503, body: '{"status":"stopping"}' } : options.readiness()),
  };
  routes.set('/healthz', health).set('/readyz', ready);
  return { routes, probes: new Set([health, ready]) };
}

/** Where the HTTP+SSE transport of a server is: beside its MCP endpoint. */
export function ssePaths({ path }: Pick<ProtectedServer, 'path'>): {
  readonly stream: string;
  readonly messages: string;
} {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  return { stream: `${folder}sse`, messages: `${folder}messages` };
}

function serverRoutes({ compat }: GatewayOptions, server: ProtectedServer): readonly (readonly [string, Route])[] {
  const { path, protocol } = server;
  const route = (kind: ServerRouteKind, revisions: readonly string[]): Route => ({
    kind,
    server,
    spoken: { revisions, legacy: protocol !== 'modern' },
  });
  const routes: (readonly [string, Route])[] = [[path, route('mcp', revisionsOf(protocol))]];
  if (compat.sse && protocol !== 'modern') {
    const { stream, messages } = ssePaths(server);
    const legacy = revisionsOf('legacy');
    routes.push([stream, route('sse-stream', legacy)], [messages, route('sse-message', legacy)]);
  }
  if (compat.rest) {
    const every = revisionsOf('both');
    routes.push([`${path}/tools`, route('rest-list', every)], [`${path}/tools/call`, route('rest-call', every)]);
  }
  return routes;
}

const OF_NO_SERVER = { server: null, spoken: null } as const;

function document(text: () => string): Route {
  return { kind: 'document', ...OF_NO_SERVER, body: () => ({ status: 200, body: text() }) };
}

function metadataOf({ metadata }: GatewayOptions, server: ProtectedServer, resource: string): string {
  return metadata({ resource, name: server.name, scopes: visibleScopes(server.policy) });
}
