import type { Exchange } from './exchange.ts';

const NO_HEADERS: readonly string[] = [];

/** CORS headers of an answer to a browser whose origin is allowed. No cookie is ever used, so no credentials mode. */
export function corsHeaders(exchange: Exchange): readonly string[] {
  if (exchange.origin === null) return NO_HEADERS;
  return [
    'access-control-allow-origin',
    exchange.origin,
    'access-control-expose-headers',
    'WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After',
    'vary',
    'Origin',
  ];
}
