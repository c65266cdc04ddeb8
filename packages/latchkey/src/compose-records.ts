import type { Config } from './config/config.ts';
import type { Difference, Replacement } from './config/in-force.ts';
import { LatchkeyError } from './core/error.ts';
import type { PublishedDocument } from './core/endpoint.ts';
import type { Log } from './core/log.ts';
import { OWN_NAME } from './core/own-name.ts';
import type { Store } from './core/store.ts';
import type { Trail, TrailChange } from './core/trail.ts';
import type { GatewayLimits } from './gateway/options.ts';
import { openStore } from './store/sqlite/open.ts';
import { createDoneChanges, type DoneChanges } from './trail/done-changes.ts';
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
  /** Not healthy, too, while a reload is not written down. */
  readonly trail: Trail;
  /** Writes down that rules or declared tools were replaced because of that file; null: nothing was. */
  readonly recordReload: (file: string, replacement: Replacement | null) => void;
  /** What `/readyz` says: 503 while requests cannot be judged or written down. */
  readonly readiness: PublishedDocument['body'];
}

export async function openRecords(config: Config, log: Log, closing: Closing): Promise<Records> {
  const store = await openStore(config.store);
  closing.push(() => store.close());
  const uses = createUseCounter(store.credentials);
  closing.push(() => uses.close());
  const writer = createTrail({
    store: store.trail,
    retentionMs: config.trail.retentionMs,
    onHealth: (health) =>
      health.healthy
        ? log('info', 'the trail is written again', { lost: health.lost })
        : log('error', ...describe(health.error)),
  });
  closing.push(() => writer.close());
  const reloads = createDoneChanges({
    store: store.trail,
    onTrouble: (error) =>
      log('error', 'a reload could not be written down: requests are refused until it is', { error: String(error) }),
  });
  closing.push(() => reloads.close());
  const trail = closedUntilWritten(writer, reloads);
  const readiness: Records['readiness'] = async () => {
    if (!(await isReadable(store))) return unavailable('store');
    return trail.healthy ? { status: 200, body: '{"status":"ok"}' } : unavailable('trail');
  };
  const recordReload: Records['recordReload'] = (file, replacement) => {
    if (replacement !== null) reloads.record(toReloadChange(file, replacement));
  };
  return { store, uses, trail, recordReload, readiness };
}

function closedUntilWritten(writer: Trail, reloads: DoneChanges): Trail {
  return {
    get healthy() {
      return reloads.written && writer.healthy;
    },
    record: writer.record,
    flush: writer.flush,
    close: writer.close,
  };
}

function toReloadChange(file: string, { rules, declaredTools }: Replacement): TrailChange {
  return {
    at: Date.now(),
    actor: OWN_NAME,
    method: 'config reload',
    target: file,
    server: null,
    change: { rules: toBrief(rules), declaredTools: toBrief(declaredTools) },
  };
}

/** Names enough for a reader; a file may hold ten thousand. */
const MOST_NAMES = 100;

function toBrief({ added, removed, changed }: Difference): Difference {
  return { added: firstOf(added), removed: firstOf(removed), changed: firstOf(changed) };
}

function firstOf(names: readonly string[]): readonly string[] {
  const more = names.length - MOST_NAMES;
  return more <= 0 ? names : [...names.slice(0, MOST_NAMES), `… and ${more} more`];
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
