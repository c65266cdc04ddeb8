import { fileURLToPath } from 'node:url';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { startHeaderAddingProxy } from './header-adding-proxy.ts';

export const upstreamKinds = ['http', 'stdio'] as const;
export type UpstreamKind = (typeof upstreamKinds)[number];

const stdioServer = fileURLToPath(new URL('fixture/stdio-server.ts', import.meta.url));

/** Starts the gateway in front of the fixture, and gives a URL at which no credential is needed. */
export async function startGateway(kind: UpstreamKind, fixtureUrl: string) {
  const upstream = kind === 'http' ? { url: fixtureUrl } : { command: [process.execPath, stdioServer] };
  const gateway = await startLatchkey({ config: { upstream } });
  const proxy = await startHeaderAddingProxy(gateway.url, gateway.token);
  return {
    url: proxy.url,
    close: async () => {
      await proxy.close();
      await gateway.close();
    },
  };
}
