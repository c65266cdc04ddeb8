import { startLatchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream } from '../fixtures/spy-upstream.ts';
import type { Site } from './harness.ts';

const TOOLS = Object.fromEntries(['echo', 'slow', 'query'].map((tool) => [tool, {}]));

/** A gateway with limits of its own before a spy, where one credential, which may do everything, is enough. */
export async function startLimitedSite(
  limits: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Site> {
  const spy = await startSpyUpstream();
  const gateway = await startLatchkey({ config: { upstream: { url: spy.url }, tools: TOOLS, limits, ...config } });
  const one = gateway.token;
  return {
    gateway,
    spy,
    tokens: {
      aliceRead: one,
      aliceWrite: one,
      bob: one,
      admin: one,
      expired: one,
      revoked: one,
      audience: one,
      none: one,
    },
    apiKey: one,
    async close() {
      await gateway.close();
      await spy.close();
    },
  };
}
