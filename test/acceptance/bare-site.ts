import { startLatchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream } from '../fixtures/spy-upstream.ts';
import type { Site } from './harness.ts';

/** A gateway before a spy, with no rules and the token `default` alone, whichever token a call asks for: quick to start. */
export async function startBareSite(config: Readonly<Record<string, unknown>> = {}): Promise<Site> {
  const spy = await startSpyUpstream();
  const gateway = await startLatchkey({ config: { upstream: { url: spy.url }, ...config } });
  const { token } = gateway;
  const names = ['aliceRead', 'aliceWrite', 'bob', 'admin', 'expired', 'revoked', 'audience', 'none'] as const;
  return {
    gateway,
    spy,
    tokens: Object.fromEntries(names.map((name) => [name, token])) as Site['tokens'],
    apiKey: token,
    async close() {
      await gateway.close();
      await spy.close();
    },
  };
}
