import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import type { Upstream } from './upstreams.ts';

export interface Gateway extends Latchkey {
  /** What the upstream wrote down of its calls, line by line. */
  readJournal(): Promise<string[]>;
}

interface GatewayOptions {
  /** Of the configuration, beside upstream and tools. */
  readonly settings?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** A gateway before `upstream`, with rules for its tools. */
export async function startGateway(
  upstream: Upstream,
  tools: object,
  { settings = {}, env = {} }: GatewayOptions = {},
): Promise<Gateway> {
  const opened = new AsyncDisposableStack();
  try {
    const directory = await mkdtemp(join(tmpdir(), 'latchkey-clients-'));
    opened.defer(() => rm(directory, { recursive: true, force: true }));
    const journal = join(directory, 'journal');
    const running = await upstream.start(journal);
    opened.defer(() => running.close());
    const latchkey = await startLatchkey({ config: { upstream: running.config, tools, ...settings }, env });
    opened.defer(() => latchkey.close());
    return {
      ...latchkey,
      readJournal: async () => (await readFile(journal, 'utf8').catch(() => '')).split('\n').filter(Boolean),
      close: () => opened.disposeAsync(),
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/** Has a gateway stand before `upstream`, with `rules` for its tools, during the tests of the current `describe`. */
export function useGateway(upstream: Upstream, rules: object = {}, more: object = {}): () => Gateway {
  let gateway: Gateway | undefined;
  beforeAll(async () => {
    gateway = await startGateway(upstream, rules, { settings: more });
  });
  afterAll(() => gateway?.close());
  return () => {
    if (gateway === undefined) throw new Error('the gateway is not running yet');
    return gateway;
  };
}
