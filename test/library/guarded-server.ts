import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Guard, Incoming, Passage } from '../../packages/latchkey/src/latchkey.ts';

/** A plain Node server whose handler runs only where a guard let the request in. */
export interface GuardedServer {
  readonly url: string;
  /** What the handler was called with. */
  readonly handled: readonly Passage[];
  /** Sends a GET with these headers. */
  ask(headers?: Readonly<Record<string, string>>): Promise<Response>;
  close(): void;
}

/** Listens first, since a lock is made for a URL; `guard` is asked for once that is known. */
export async function startGuarded(guardFor: (url: string) => Guard, path = '/report'): Promise<GuardedServer> {
  const handled: Passage[] = [];
  let guard: Guard | null = null;
  const server: Server = createServer((request, response) => {
    void (async () => {
      const admission = await (guard as Guard).admit(toIncoming(request));
      if (admission.kind === 'refused') {
        const { status, headers, body } = admission.answer;
        response.writeHead(status, [...headers]).end(body);
        return;
      }
      handled.push(admission);
      admission.onEnded(() => response.destroy());
      response.on('close', () => admission.finish(response.statusCode));
      response.writeHead(200, [...admission.headers]);
      if (request.url === '/stream') response.write('open\n');
      else response.end(admission.principal.name);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  guard = guardFor(origin);
  return {
    url: origin,
    handled,
    ask: (headers = {}) => fetch(`${origin}${path}`, { headers }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function toIncoming(request: IncomingMessage): Incoming {
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    rawHeaders: request.rawHeaders,
    httpVersionMajor: request.httpVersionMajor,
    httpVersionMinor: request.httpVersionMinor,
    address: request.socket.remoteAddress ?? '',
    encrypted: false,
    readBody: () => new Uint8Array(),
  };
}
