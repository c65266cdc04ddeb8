import { refuse } from '../core/reason.ts';
import type { Upstream } from '../core/upstream.ts';
import { Deadlines } from './deadlines.ts';
import { ConnectionPool, type PoolOptions } from './http/connection-pool.ts';
import { Farewell } from './http/farewell.ts';
import { Relay, type RelayOptions } from './http/relay.ts';
import { createRequestHeads } from './http/request-head.ts';

export interface HttpUpstreamOptions extends PoolOptions, RelayOptions {
  /** Where the MCP endpoint is; no userinfo, no query of a client is ever added. */
  readonly url: URL;
  /** The upstream's own credential and other fixed headers, [name, value, …]. */
  readonly headers: readonly string[];
}

/** An MCP server over Streamable HTTP. Bodies pass byte for byte and unbuffered; a caller that leaves takes its request along. */
export function createHttpUpstream(options: HttpUpstreamOptions): Upstream {
  const { url } = options;
  const pool = new ConnectionPool(options);
  const heads = createRequestHeads(url, options.headers);
  const deadlines = new Deadlines((now) => pool.closeOverdue(now));
  return {
    kind: 'http',
    label: `${url.origin}${url.pathname}`,
    forward(request, answer) {
      const head = heads.toHead(request);
      if (head === null) return answer.fail(refuse('internal'));
      const relay = new Relay(request, answer, options, deadlines);
      deadlines.watch(relay);
      const connection = pool.send(head, request.message?.bytes ?? null, relay);
      if (connection !== null) relay.travel(connection);
    },
    endSession(sessionId) {
      const farewell = new Farewell(deadlines);
      deadlines.watch(farewell);
      const connection = pool.send(heads.toSessionEnd(sessionId), null, farewell);
      if (connection !== null) farewell.travel(connection);
    },
    close() {
      deadlines.close();
      pool.close();
      return Promise.resolve();
    },
  };
}
