import type { IncomingMessage } from 'node:http';
import { refuse, type Refusal } from '../../core/reason.ts';
import { checkPieces } from '../../lock/body-pieces.ts';
import { checkAccept, checkAcceptsStream, checkContent } from '../../lock/check-content.ts';
import type { Exchange, Stage, StageResult } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Content-Type, Content-Encoding, size, and the body of a POST. */
export function readStage(state: GatewayState): Stage {
  const limit = state.options.limits.bodyBytes;
  return {
    name: 'read',
    run(exchange) {
      const { request, headers, response } = exchange;
      if (request.method !== 'POST') return checkStreamRequest(exchange);
      const refusal = checkContent(headers, limit);
      if (refusal !== null) return refusal;
      // A client of HTTP/1.0 would take it for the answer (RFC 9110 §10.1.1).
      if (headers.expect !== null && request.httpVersionMinor === 1) response.writeContinue();
      return readBody(request, limit).then((body) => keep(exchange, body));
    },
  };
}

function keep(exchange: Exchange, body: Buffer | Refusal): StageResult {
  if (!Buffer.isBuffer(body)) return body;
  exchange.body = body;
  return null;
}

function checkStreamRequest({ request, headers, route }: Exchange): Refusal | null {
  if (route?.kind === 'rest-list') return checkAccept(headers.accept);
  return request.method === 'GET' ? checkAcceptsStream(headers.accept) : null;
}

// A caller that leaves in the middle is never answered: its response is closed, and this promise just goes with it.
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | Refusal> {
  return new Promise((resolve) => {
    let body: Buffer | null = null;
    let size = 0;
    let pieces = 0;
    request.on('data', (chunk: Buffer) => {
      const before = size;
      size += chunk.length;
      pieces += 1;
      const refusal = checkPieces(size, pieces, limit);
      if (refusal !== null) resolve(refusal);
      else body = body === null ? chunk : append(body, before, chunk, limit);
    });
    request.on('end', () => {
      // Headers that come after everything was judged by them.
      if (request.rawTrailers.length > 0) resolve(refuse('framing', { detail: 'trailers' }));
      else resolve(body === null ? Buffer.alloc(0) : body.subarray(0, size));
    });
  });
}

/** Copies into a buffer that doubles: a piece that is kept as it is keeps all that was read from the socket with it. */
function append(body: Buffer, size: number, chunk: Buffer, limit: number): Buffer {
  let target = body;
  if (size + chunk.length > body.length) {
    target = Buffer.allocUnsafe(Math.max(size + chunk.length, Math.min(2 * body.length, limit)));
    body.copy(target, 0, 0, size);
  }
  chunk.copy(target, size);
  return target;
}
