import { createCredentials } from '../fixtures/credentials.ts';
import { freePort } from '../fixtures/free-port.ts';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';
import type { Site } from '../acceptance/harness.ts';
import { startProxy, type Ports, type Proxy, type ProxyName } from './proxy.ts';

/** A proxy in front of the spy, and the lock that it asks. */
export interface ForwardSite extends Site {
  readonly proxy: Proxy;
  readonly ports: Ports;
}

const CONFIG = {
  tools: {
    echo: { scopes: ['file:read'] },
    slow: { scopes: ['file:read'] },
    write_file: { scopes: ['file:write'] },
    copy_secret: { scopes: ['file:read', 'secret:read'] },
    busy: { scopes: ['file:read'], limit: '1/h' },
  },
  resources: { 'file:///data/*': { scopes: ['file:read'] } },
  scopes: { admin: { implies: ['file:read', 'file:write'] } },
  limits: { failedPerAddress: '100000/min' },
};

interface Wishes {
  readonly config?: Readonly<Record<string, unknown>>;
  /** Where the server is; the spy when nothing is said. */
  readonly serverPort?: number;
  readonly change?: (text: string) => string;
}

/** The site of the examples: their proxy configuration, the catalogue's credentials and rules like its own. */
export async function startForwardSite(name: ProxyName, wishes: Wishes = {}): Promise<ForwardSite> {
  const spy: SpyUpstream = await startSpyUpstream();
  const port = await freePort();
  const gateway = await startLatchkey({
    serve: 'forward-auth',
    config: {
      publicUrl: `http://127.0.0.1:${port}`,
      forwardAuth: { proxy: name, bodyChecked: true },
      ...CONFIG,
      ...wishes.config,
    },
  });
  const ports = {
    proxy: port,
    lock: Number(new URL(gateway.url).port),
    server: wishes.serverPort ?? Number(new URL(spy.url).port),
  };
  const proxy = await startProxy(name, ports, wishes.change);
  return {
    gateway: { ...gateway, url: proxy.url },
    ports,
    proxy,
    spy,
    ...(await createCredentials(gateway.store)),
    async close() {
      await proxy.close();
      await gateway.close();
      await spy.close();
    },
  };
}
