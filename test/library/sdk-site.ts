import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLatchkey, type Latchkey } from '../../packages/latchkey/src/latchkey.ts';
import { createMemoryStore, createStoredTokens, type MakeStoredToken } from '../../packages/latchkey/src/testing.ts';

/** A server of one of the official SDKs with `whoami` and `write_file`, and one line that puts the lock before it. */
export interface SdkSite {
  readonly name: string;
  readonly eras: 'legacy' | 'both';
  readonly sessions: boolean;
  /** Null where it listens to the server already. */
  listener(lock: Latchkey, server: Server): RequestListener | null | Promise<RequestListener | null>;
}

export interface RunningSite {
  readonly url: string;
  readonly token: MakeStoredToken;
  revoke(name: string): unknown;
  close(): Promise<void>;
}

export async function startSite({ listener }: SdkSite): Promise<RunningSite> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const store = createMemoryStore();
  const lock = createLatchkey({
    resource: url,
    store,
    policy: { tools: { whoami: { scopes: ['people:read'] }, 'write_*': { scopes: ['file:write'] } } },
  });
  const own = await listener(lock, server);
  if (own !== null) server.on('request', own);
  return {
    url,
    token: createStoredTokens(store).valid,
    revoke: (name) => store.credentials.revoke({ kind: 'token', name }, Date.now()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What a tool is told of its caller, as text. */
export function describeCaller(authInfo: unknown): string {
  const { clientId, scopes, token, extra } = authInfo as {
    clientId: string;
    scopes: string[];
    token: string;
    extra: { principal: { id: string; name: string } };
  };
  return [extra.principal.name, extra.principal.id === clientId, scopes.join(' '), token].join(', ');
}
