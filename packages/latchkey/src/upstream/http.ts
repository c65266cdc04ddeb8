import { refuse } from '../core/reason.ts';
import { SlotList } from '../core/slot-list.ts';
import type { Upstream } from '../core/upstream.ts';
import { ConnectionPool, type PoolOptions } from './http/connection-pool.ts';
import { Farewell } from './http/farewell.ts';
import { Relay, type Bounded, type RelayOptions } from './http/relay.ts';
import { createRequestHeads } from './http/request-head.ts';

export interface HttpUpstreamOptions extends PoolOptions, RelayOptions {
  /** Where the MCP endpoint is; no userinfo, no query of a client is ever added. */
  readonly url: URL;
  /** The upstream's own credential and other fixed headers, [name, value, …]. */
  readonly headers: readonly string[];
}

const SWEEP_MS = 250;

/** An MCP server over Streamable HTTP. Bodies pass byte for byte and unbuffered; a caller that leaves takes its request along. */
export function createHttpUpstream(options: HttpUpstreamOptions): Upstream {
  const { url } = options;
  const pool = new ConnectionPool(options);
  const heads = createRequestHeads(url, options.headers);
  // One timer looks after all calls and connections; one for each would be set anew with every request.
  const waiting = new SlotList<Bounded>();
  const settled = (each: Bounded): void => void waiting.remove(each);
  const timer = setInterval(() => {
    const now = performance.now();
    expireOverdue(waiting, now);
    pool.closeOverdue(now);
  }, SWEEP_MS);
  timer.unref();
  return {
    kind: 'http',
    label: `${url.origin}${url.pathname}`,
    forward(request, answer) {
      const head = heads.toHead(request);
      if (head === null) return answer.fail(refuse('internal'));
      const relay = new Relay(request, answer, options, settled);
      waiting.add(relay);
      const connection = pool.send(head, request.message?.bytes ?? null, relay);
      if (connection !== null) relay.travel(connection);
    },
    endSession(sessionId) {
      const farewell = new Farewell(settled);
      waiting.add(farewell);
      const connection = pool.send(heads.toSessionEnd(sessionId), null, farewell);
      if (connection !== null) farewell.travel(connection);
    },
    close() {
      clearInterval(timer);
      pool.close();
      return Promise.resolve();
    },
  };
}

function expireOverdue(waiting: SlotList<Bounded>, now: number): void {
  for (const each of waiting.toArray()) if (each.deadline <= now) each.expire();
}
