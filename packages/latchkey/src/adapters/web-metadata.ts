import type { Latchkey } from '../lock/latchkey.ts';
import { toResponse } from './web-answer.ts';

const ALLOWED = 'GET, HEAD, OPTIONS';
const OPEN: readonly string[] = ['access-control-allow-origin', '*', 'cache-control', 'no-cache'];
const PREFLIGHT: readonly string[] = [
  'access-control-allow-methods',
  'GET, HEAD',
  'access-control-allow-headers',
  'Accept, Content-Type, Mcp-Protocol-Version',
  'access-control-max-age',
  '600',
];
const JSON_TYPE: readonly string[] = ['content-type', 'application/json', 'x-content-type-options', 'nosniff'];

/** What anybody may read of the resource, where a request is for that; else null. Any web page may read it. */
export function toMetadataResponse({ path, body }: Latchkey['metadata'], request: Request): Response | null {
  if (new URL(request.url).pathname !== path) return null;
  switch (request.method) {
    case 'GET':
      return toResponse(body(), 200, JSON_TYPE, OPEN);
    case 'HEAD':
      return toResponse(null, 200, JSON_TYPE, OPEN);
    case 'OPTIONS':
      return toResponse(null, 204, PREFLIGHT, OPEN);
    default:
      return toResponse(null, 405, ['allow', ALLOWED]);
  }
}
