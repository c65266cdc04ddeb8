import { corsHeaders } from '../cors.ts';
import type { Exchange, Stage } from '../exchange.ts';

const PREFLIGHT_HEADERS = [
  'access-control-allow-methods',
  'GET, POST, DELETE',
  'access-control-allow-headers',
  'Authorization, X-API-Key, Content-Type, Accept, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID',
  'access-control-max-age',
  '600',
  'vary',
  'Origin, Access-Control-Request-Headers',
];

/** What anybody may read: CORS preflights, metadata and health documents. */
export function publishStage(): Stage {
  return {
    name: 'publish',
    run(exchange) {
      const { route, request, response } = exchange;
      if (request.method === 'OPTIONS') {
        response.writeHead(204, [...preflightHeaders(exchange), ...corsHeaders(exchange)]);
        response.end();
        return 'done';
      }
      if (route?.kind !== 'document') return null;
      const { status, body } = route.body();
      // Metadata holds nothing private, so any page may read it (RFC 9728 §7.8 leaves CORS to the server).
      response.writeHead(status, [
        'content-type',
        'application/json',
        'cache-control',
        'no-cache',
        'access-control-allow-origin',
        '*',
        'x-content-type-options',
        'nosniff',
      ]);
      response.end(request.method === 'HEAD' ? undefined : body);
      return 'done';
    },
  };
}

// `Mcp-Param-*` names come from tool schemas, so those that the browser asks for are granted by prefix.
function preflightHeaders(exchange: Exchange): readonly string[] {
  const asked = exchange.request.headers['access-control-request-headers'] ?? '';
  const parameters = asked
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^mcp-param-[a-z0-9-]{1,64}$/.test(name))
    .slice(0, 32);
  if (parameters.length === 0) return PREFLIGHT_HEADERS;
  const headers = [...PREFLIGHT_HEADERS];
  headers[3] = `${headers[3]}, ${parameters.join(', ')}`;
  return headers;
}
