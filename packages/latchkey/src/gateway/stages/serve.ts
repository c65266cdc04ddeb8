import { textOf } from '../../core/bytes.ts';
import type { Endpoint, EndpointAnswer } from '../../core/endpoint.ts';
import { refuse, type Refusal } from '../../core/reason.ts';
import { holdBack } from '../../lock/hold-back.ts';
import { networkOf } from '../../lock/network.ts';
import { corsHeaders } from '../cors.ts';
import type { Exchange, Stage, StageResult } from '../exchange.ts';
import { HttpAnswer } from '../http-answer.ts';
import type { GatewayState } from '../state.ts';
import { readBody } from './read.ts';

const LONGEST_BODY = 64 * 1024;
const EMPTY = new Uint8Array(0);

/** Endpoints of the OAuth side, which ask for their own proof. Who fails it there fails as with any other credential. */
export function serveStage(state: GatewayState): Stage {
  return {
    name: 'serve',
    run(exchange) {
      if (exchange.route?.kind !== 'endpoint') return null;
      const refusal = checkRequest(exchange);
      return refusal ?? serve(state, exchange, exchange.route.endpoint);
    },
  };
}

function checkRequest(exchange: Exchange): Refusal | null | Promise<Refusal> {
  const { headers, failuresExceeded, clear } = exchange;
  if (clear) {
    exchange.exposed ||= FORM.test(headers.contentType ?? '');
    return refuse('clear-text');
  }
  if (failuresExceeded > 0)
    return holdBack(exchange, refuse('limit-failures', { retryAfterSeconds: failuresExceeded / 1000 }));
  if (headers.apiKey !== null) return refuse('credential-ambiguous');
  if (headers.contentEncoding !== null) return refuse('content-encoding');
  return Number(headers.contentLength ?? 0) > LONGEST_BODY ? refuse('body-too-large') : null;
}

// A form of OAuth has a code, a refresh token or a secret in it (RFC 6749 §4.1.3, §6), which came whether or not it is read.
const FORM = /^application\/x-www-form-urlencoded/i;

async function serve(state: GatewayState, exchange: Exchange, endpoint: Endpoint): Promise<StageResult> {
  const { request, headers } = exchange;
  const body = request.method === 'POST' ? await readBody(exchange, LONGEST_BODY) : EMPTY;
  if (!(body instanceof Uint8Array)) return body;
  // It was finished already, and would stay open for ever.
  if (exchange.response.destroyed) return 'done';
  const target = request.url ?? '';
  const answer = open(state, exchange);
  const given = await endpoint.handle({
    method: request.method ?? '',
    query: target.includes('?') ? target.slice(target.indexOf('?') + 1) : '',
    authorization: headers.authorization,
    contentType: headers.contentType,
    body: textOf(body),
  });
  if (given.status === 401) state.failureLimiter.take(networkOf(exchange.address), exchange.startedAt);
  exchange.outcome ??= outcomeOf(given);
  const own = ['content-length', String(Buffer.byteLength(given.body)), 'x-content-type-options', 'nosniff'];
  answer.start(given.status, [...given.headers, ...own]);
  answer.end(given.body);
  return 'done';
}

/** From now on a gateway that stops waits for it: what its issuer gives for a code or a refresh token is given once. */
function open(state: GatewayState, exchange: Exchange): HttpAnswer {
  const answer = new HttpAnswer(exchange.response, {
    refuse: (refusal) => state.refuse(exchange, refusal),
    finishHeaders: (_status, headers) => [...headers, ...corsHeaders(exchange)],
    streamIdleMs: state.options.limits.streamIdleMs,
  });
  answer.onAbort(() => void (exchange.outcome ??= refuse('caller-gone')));
  exchange.answer = answer;
  state.open.add(exchange);
  return answer;
}

/** For the trail; the caller gets the endpoint's own words. */
function outcomeOf({ status }: EndpointAnswer): Refusal | null {
  if (status < 400) return null;
  if (status === 401) return refuse('credential-unknown', { detail: 'the issuer did not take the client' });
  // With 429 it is the issuer that asks for patience; nothing is wrong with what was asked.
  return status >= 500 || status === 429 ? refuse('issuer-unavailable') : refuse('params-invalid');
}
