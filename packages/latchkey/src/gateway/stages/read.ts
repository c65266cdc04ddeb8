import { refuse, type Refusal } from '../../core/reason.ts';
import { appendPiece, checkPieces } from '../../lock/body-pieces.ts';
import { checkAccept, checkAcceptsStream, checkContent } from '../../lock/check-content.ts';
import type { Exchange, Stage, StageResult } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Content-Type, Content-Encoding, size, and the body of a POST. */
export function readStage(state: GatewayState): Stage {
  const limit = state.options.limits.bodyBytes;
  return {
    name: 'read',
    run(exchange) {
      const { request, headers } = exchange;
      if (request.method !== 'POST') return checkStreamRequest(exchange);
      const refusal = checkContent(headers, limit);
      if (refusal !== null) return refusal;
      return readBody(exchange, limit).then((body) => keep(exchange, body));
    },
  };
}

function keep(exchange: Exchange, body: Uint8Array | Refusal): StageResult {
  if (!(body instanceof Uint8Array)) return body;
  exchange.body = body;
  return null;
}

function checkStreamRequest({ request, headers, route }: Exchange): Refusal | null {
  if (route?.kind === 'rest-list') return checkAccept(headers.accept);
  return request.method === 'GET' ? checkAcceptsStream(headers.accept) : null;
}

const NO_BYTES = new Uint8Array(0);

// A caller that leaves in the middle is never answered: its response is closed, and this promise just goes with it.
export function readBody({ request, headers, response }: Exchange, limit: number): Promise<Uint8Array | Refusal> {
  // A client of HTTP/1.0 would take it for the answer (RFC 9110 §10.1.1).
  if (headers.expect !== null && request.httpVersionMinor === 1) response.writeContinue();
  return new Promise((resolve) => {
    let body: Uint8Array | null = null;
    let size = 0;
    let pieces = 0;
    request.on('data', (chunk: Buffer) => {
      const before = size;
      size += chunk.length;
      pieces += 1;
      const refusal = checkPieces(size, pieces, limit);
      if (refusal !== null) resolve(refusal);
      else body = appendPiece(body, before, chunk, limit);
    });
    request.on('end', () => {
      // Headers that come after everything was judged by them.
      if (request.rawTrailers.length > 0) resolve(refuse('framing', { detail: 'trailers' }));
      else resolve(body === null ? NO_BYTES : body.subarray(0, size));
    });
  });
}
