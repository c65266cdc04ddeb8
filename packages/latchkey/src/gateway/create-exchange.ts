import type { ServerResponse } from 'node:http';
import { plainAddress } from '../lock/network.ts';
import { readHeaders } from '../lock/request-headers.ts';
import { nextRequestId } from '../lock/request-id.ts';
import type { Exchange } from './exchange.ts';
import type { RawRequest } from './raw-request.ts';

/** A request of which nothing was looked at yet; the stages fill in what they find. */
export function createExchange(request: RawRequest, response: ServerResponse): Exchange {
  return {
    request,
    response,
    httpMethod: request.method ?? '',
    requestId: nextRequestId(),
    startedAt: Date.now(),
    address: plainAddress(request.socket.remoteAddress ?? ''),
    clear: false,
    headers: NO_HEADERS,
    origin: null,
    route: null,
    server: null,
    principal: null,
    caller: null,
    subject: null,
    proofNonce: null,
    failuresExceeded: 0,
    body: null,
    message: null,
    era: 'legacy',
    rule: null,
    sessionId: null,
    outcome: null,
    exposed: false,
    phase: null,
    stream: false,
    opening: false,
    answer: null,
    sse: null,
    slot: -1,
    endsAt: null,
    heldAgainst: Number.NaN,
  };
}

const NO_HEADERS = Object.freeze(readHeaders([]));
