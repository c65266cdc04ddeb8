import type { Config } from './config/config.ts';
import { LatchkeyError } from './core/error.ts';
import type { PublishedDocument } from './core/endpoint.ts';
import type { Log } from './core/log.ts';
import type { Store } from './core/store.ts';
import type { Trail } from './core/trail.ts';
import type { GatewayLimits } from './gateway/options.ts';
import { openStore } from './store/sqlite/open.ts';
import { createTrail } from './trail/writer.ts';
import { createUseCounter } from './verify/use-counter.ts';

/** What to close at the end, the last one first. */
export type Closing = (() => Promise<unknown> | void)[];

/** Starts what `start` joins; what it opened is closed again when it fails, and by the `closeAll` that it gets. */
export async function startAll<Running>(
  log: Log,
  start: (closing: Closing, closeAll: () => Promise<boolean>) => Promise<Running>,
): Promise<Running> {
  const closing: Closing = [];
  const closeAll = async (): Promise<boolean> => {
    let clean = true;
    for (const close of closing.toReversed()) {
      try {
        await close();
      } catch (error) {
        // One part that cannot end well must not keep the others open.
        log('error', 'a part did not close cleanly', { error: String(error) });
        clean = false;
      }
    }
    return clean;
  };
  try {
    return await start(closing, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Where credentials are read, their uses counted, and decisions written. */
export interface Records {
  readonly store: Store;
  readonly uses: ReturnType<typeof createUseCounter>;
  readonly trail: Trail;
  /** What `/readyz` says: 503 while requests cannot be judged or written down. */
  readonly readiness: PublishedDocument['body'];
}

export async function openRecords(config: Config, log: Log, closing: Closing): Promise<Records> {
  const store = await openStore(config.store);
  closing.push(() => store.close());
  const uses = createUseCounter(store.credentials);
  closing.push(() => uses.close());
  const trail = createTrail({
    store: store.trail,
    retentionMs: config.trail.retentionMs,
    onHealth: (health) =>
      health.healthy
        ? log('info', 'the trail is written again', { lost: health.lost })
        : log('error', ...describe(health.error)),
  });
  closing.push(() => trail.close());
  const readiness: Records['readiness'] = async () => {
    if (!(await isReadable(store))) return unavailable('store');
    return trail.healthy ? { status: 200, body: '{"status":"ok"}' } : unavailable('trail');
  };
  return { store, uses, trail, readiness };
}

function describe(error: unknown): [message: string, fields: Readonly<Record<string, unknown>>] {
  if (error instanceof LatchkeyError && error.code === 'E_STORE_REPLACED') {
    const { code, hint } = error;
    return ['the store is not where it was: requests are refused', { error: String(error), code, hint }];
  }
  return ['the trail cannot be written: requests are refused until it can', { error: String(error) }];
}

const unavailable = (part: string) => ({ status: 503, body: JSON.stringify({ status: `${part} unavailable` }) });

async function isReadable({ credentials }: Store): Promise<boolean> {
  try {
    // No credential has it.
    await credentials.findByHash('');
    return true;
  } catch {
    return false;
  }
}

export function toLimits(limits: Config['limits']): GatewayLimits {
  const { headersTimeout, bodyTimeout, idleTimeout, streamIdle, sendTimeout, ...others } = limits;
  const { sessionIdle, sessionYield, callMax, ...same } = others;
  return {
    ...same,
    callMaxMs: callMax,
    headersTimeoutMs: headersTimeout,
    bodyTimeoutMs: bodyTimeout,
    idleTimeoutMs: idleTimeout,
    streamIdleMs: streamIdle,
    sendTimeoutMs: sendTimeout,
    sessionIdleMs: sessionIdle,
    sessionYieldMs: sessionYield,
  };
}
