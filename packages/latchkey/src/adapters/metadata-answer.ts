import type { WireAnswer } from '../core/wire.ts';
import type { Latchkey } from '../lock/latchkey.ts';

const OPEN: readonly string[] = ['access-control-allow-origin', '*', 'cache-control', 'no-cache'];
const JSON_TYPE: readonly string[] = ['content-type', 'application/json', 'x-content-type-options', 'nosniff'];
const PREFLIGHT: readonly string[] = [
  'access-control-allow-methods',
  'GET, HEAD',
  'access-control-allow-headers',
  'Accept, Content-Type, Mcp-Protocol-Version',
  'access-control-max-age',
  '600',
];

/** What anybody, also a web page, may read of the resource (RFC 9728 §3.2). */
export function toMetadataAnswer({ body }: Latchkey['metadata'], method: string): WireAnswer {
  switch (method) {
    case 'GET':
      return { status: 200, headers: [...JSON_TYPE, ...OPEN], body: body() };
    case 'HEAD':
      return { status: 200, headers: [...JSON_TYPE, ...OPEN], body: '' };
    case 'OPTIONS':
      return { status: 204, headers: [...PREFLIGHT, ...OPEN], body: '' };
    default:
      return { status: 405, headers: ['allow', 'GET, HEAD, OPTIONS'], body: '' };
  }
}
