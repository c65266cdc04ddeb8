import type { Exchange } from './exchange.ts';
import { findRawHeader } from './raw-request.ts';

const NO_HEADERS: readonly string[] = [];

/** CORS headers of an answer to a browser whose origin is allowed. No cookie is ever used, so no credentials mode. */
export function corsHeaders(exchange: Exchange): readonly string[] {
  if (exchange.origin === null) return NO_HEADERS;
  return [
    'access-control-allow-origin',
    exchange.origin,
    'access-control-expose-headers',
    'WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After',
    'vary',
    'Origin',
  ];
}

/** CORS headers of a document that any web page may read; an origin that is allowed gets its own name back. */
export function openCorsHeaders(exchange: Exchange): readonly string[] {
  if (exchange.origin !== null || exchange.headers.origin === null) return corsHeaders(exchange);
  return ['access-control-allow-origin', '*'];
}

const DOCUMENT_HEADERS = 'Accept, Content-Type, Mcp-Protocol-Version';

/** The answer to a preflight for such a document (Fetch §3.2.2): clients send their protocol version with it. */
export function openPreflightHeaders(methods: readonly string[]): readonly string[] {
  return [
    'access-control-allow-origin',
    '*',
    'access-control-allow-methods',
    methods.filter((method) => method !== 'OPTIONS').join(', '),
    'access-control-allow-headers',
    DOCUMENT_HEADERS,
    'access-control-max-age',
    '600',
    'vary',
    'Origin',
  ];
}

const ASKED_HEADERS =
  'Authorization, DPoP, X-API-Key, Content-Type, Accept, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID';

/** The answer to a preflight (Fetch §3.2.2): what this path takes, and nothing to a browser whose origin is not allowed. */
export function preflightHeaders(exchange: Exchange, methods: readonly string[]): readonly string[] {
  const { origin, request } = exchange;
  if (origin === null) return ['allow', methods.join(', '), 'vary', 'Origin'];
  const asked = ['', ...parametersOf(findRawHeader(request, 'access-control-request-headers') ?? '')].join(', ');
  return [
    'access-control-allow-origin',
    origin,
    'access-control-allow-methods',
    methods.filter((method) => method !== 'OPTIONS').join(', '),
    'access-control-allow-headers',
    `${ASKED_HEADERS}${asked}`,
    'access-control-max-age',
    '600',
    'vary',
    'Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network',
    // Chromium asks so before a page of the internet reaches into a private network; the operator named its origin.
    ...(findRawHeader(request, 'access-control-request-private-network') === 'true'
      ? ['access-control-allow-private-network', 'true']
      : NO_HEADERS),
  ];
}

// `Mcp-Param-*` names come from tool schemas, so those that the browser asks for are granted by prefix.
function parametersOf(asked: string): readonly string[] {
  const names = asked.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => /^mcp-param-[a-z0-9-]{1,64}$/.test(name)).slice(0, 32);
}
