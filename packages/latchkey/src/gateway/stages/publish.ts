import type { PublishedDocument } from '../../core/endpoint.ts';
import { refuse } from '../../core/reason.ts';
import { corsHeaders, openCorsHeaders, openPreflightHeaders, preflightHeaders } from '../cors.ts';
import { type Exchange, isPublic, type Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** What anybody may read: CORS preflights, metadata and health documents. */
export function publishStage(state: GatewayState): Stage {
  return {
    name: 'publish',
    run(exchange) {
      const { route, request, response } = exchange;
      if (request.method === 'OPTIONS') {
        response.writeHead(204, toPreflight(state, exchange) as string[]);
        response.end();
        return 'done';
      }
      if (route?.kind !== 'document') return null;
      const read = route.body();
      return read instanceof Promise
        ? read.then(
            (text) => publish(state, exchange, text),
            () => refuse('issuer-unavailable', { retryAfterSeconds: 1 }),
          )
        : publish(state, exchange, read);
    },
  };
}

type Document = Awaited<ReturnType<PublishedDocument['body']>>;

function toPreflight(state: GatewayState, exchange: Exchange): readonly string[] {
  const { route, origin, headers } = exchange;
  const methods = route === null ? [] : state.methodsOf(route);
  const open = origin === null && headers.origin !== null && isPublic(route, state.probes);
  return open ? openPreflightHeaders(methods) : preflightHeaders(exchange, methods);
}

function publish(state: GatewayState, exchange: Exchange, { status, body }: Document): 'done' {
  const { response } = exchange;
  const headers = ['content-type', 'application/json', 'cache-control', 'no-cache'];
  const open = isPublic(exchange.route, state.probes);
  headers.push('x-content-type-options', 'nosniff', ...(open ? openCorsHeaders(exchange) : corsHeaders(exchange)));
  // A cache must not give a page the answer that another program got, without the headers of CORS.
  if (exchange.origin === null) headers.push('vary', 'Origin');
  response.writeHead(status, headers);
  // Node writes none of it to HEAD.
  response.end(body);
  return 'done';
}
