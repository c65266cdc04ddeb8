import { toGatewayLine } from '../core/gateway-line.ts';
import type { Reason, Refusal } from '../core/reason.ts';
import type { WireAnswer } from '../core/wire.ts';
import { discardBody } from '../lock/discard-body.ts';
import { toRefusalWire } from '../lock/refusal-wire.ts';
import { callerHeaders } from './caller-headers.ts';
import { isPlain, type Exchange } from './exchange.ts';
import { endAfter } from './last-request.ts';
import type { GatewayOptions } from './options.ts';

/** What of the gateway's options makes a challenge. */
type Challenges = Pick<GatewayOptions, 'unknownTokenStatus' | 'proofAlgorithms'>;

/** Answers with a refusal, once; after the answer began it can only cut it. */
export function refuseExchange(challenges: Challenges, exchange: Exchange, refusal: Refusal): void {
  exchange.outcome ??= refusal;
  const { request, response } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const wire = toExchangeWire(challenges, exchange, refusal);
  const headers = [...wire.headers, 'content-length', String(Buffer.byteLength(wire.body)), ...callerHeaders(exchange)];
  const last = AMBIGUOUS.has(refusal.reason) || (!request.complete && !isShort(exchange));
  if (last) endAfter(request, response);
  response.writeHead(wire.status, headers);
  const body = request.method === 'HEAD' ? '' : wire.body;
  if (last && !request.complete) endWithRequest(exchange, body);
  else response.end(body);
}

/** What the caller of an exchange is told of a refusal. */
export function toExchangeWire(challenges: Challenges, exchange: Exchange, refusal: Refusal): WireAnswer {
  const { route } = exchange;
  return toRefusalWire(challenges, exchange, refusal, {
    resourceMetadata: metadataUrlOf(exchange),
    plain: isPlain(route),
    mcp: toGatewayLine,
    proofs: route?.kind !== 'rotate',
  });
}

// Whoever was given the URL of the stream asks for a token for that (RFC 9728 §3.3).
function metadataUrlOf({ route, server }: Exchange): string | null {
  const overSse = route?.kind === 'sse-stream' || route?.kind === 'sse-message';
  return (overSse ? server?.sseMetadata : server?.resourceMetadata) ?? null;
}

// Where the next request of the connection begins is then a matter of opinion.
const AMBIGUOUS: ReadonlySet<Reason> = new Set(['framing', 'header-repeated', 'headers-too-large', 'target-form']);
const SHORT_BODY = 64 * 1024;

/**
 * A body whose end is known and near is read and thrown away, so that the connection can serve the next request. Who
 * waits to be asked for it may never send it.
 */
function isShort({ headers }: Exchange): boolean {
  return (
    headers.transferEncoding === null && headers.expect === null && Number(headers.contentLength ?? 0) <= SHORT_BODY
  );
}

const LINGER_MS = 1000;

// Closing at once would reset the connection and lose the answer while the client still sends (RFC 9112 §9.6). The
// answer is whole before `end`, with which Node closes the connection.
function endWithRequest({ request, response }: Exchange, body: string): void {
  response.write(body);
  const timer = setTimeout(() => response.end(), LINGER_MS);
  timer.unref();
  request.once('end', () => {
    clearTimeout(timer);
    response.end();
  });
  discardBody(request);
}
