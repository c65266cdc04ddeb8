import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';

/**
 * The suite cannot send a credential, so this stands in front of the gateway and adds one. It works on bytes: an HTTP
 * library would hide from the gateway some of what the suite sends (white space, repeated headers, a false Host).
 */
export interface HeaderAddingProxy {
  readonly url: string;
  close(): Promise<void>;
}

const endOfHead = '\r\n\r\n';
const maxHeadBytes = 65_536;

/** Rewrites a request head (without its final empty line) that came to `own` for the gateway at `target`. */
export function rewriteHead(head: string, own: string, target: string, token: string): string {
  // Only the proxy's own name is replaced: whatever else a client claims to have called is for the gateway to judge.
  const rename = (line: string) => (/^(?:host|origin):/i.test(line) ? line.replace(own, target) : line);
  return [...head.split('\r\n').map(rename), `Authorization: Bearer ${token}`].join('\r\n');
}

function bodyBytesOf(head: string): number {
  // The suite's clients know what they send before they send it, so chunked bodies need no reading here.
  if (/^transfer-encoding:/im.test(head)) throw new Error('chunked requests are not supported');
  return Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
}

function createHeadRewriter(rewrite: (head: string) => string): Transform {
  let pending = Buffer.alloc(0);
  let bodyBytesLeft = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length > 0) {
        let end = bodyBytesLeft;
        if (bodyBytesLeft > 0) {
          this.push(pending.subarray(0, end));
          bodyBytesLeft -= Math.min(end, pending.length);
        } else {
          const headBytes = pending.indexOf(endOfHead);
          if (headBytes < 0) break;
          const head = pending.toString('latin1', 0, headBytes);
          this.push(Buffer.from(rewrite(head) + endOfHead, 'latin1'));
          bodyBytesLeft = bodyBytesOf(head);
          end = headBytes + endOfHead.length;
        }
        pending = pending.subarray(end);
      }
      done(pending.length > maxHeadBytes ? new Error('request head too long') : null);
    },
  });
}

function forward(client: Socket, target: URL, rewrite: (head: string) => string): void {
  const gateway = connect(Number(target.port), target.hostname);
  for (const socket of [client, gateway]) socket.setNoDelay(true);
  pipeline(client, createHeadRewriter(rewrite), gateway, () => client.destroy());
  gateway.pipe(client);
  client.once('close', () => gateway.destroy());
}

function listen(server: Server): Promise<AddressInfo> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo));
  });
}

/** Starts a proxy on a free loopback port that adds `token` to every request to `gatewayUrl`. */
export async function startHeaderAddingProxy(gatewayUrl: string, token: string): Promise<HeaderAddingProxy> {
  const target = new URL(gatewayUrl);
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    forward(client, target, (head) => rewriteHead(head, own, target.host, token));
  });
  const own = `127.0.0.1:${(await listen(server)).port}`;
  return {
    url: `http://${own}${target.pathname}`,
    close: () => {
      for (const client of clients) client.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
