import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { Connection, type ConnectionOwner, type OpenSocket, type Receiver } from './connection.ts';

export interface PoolOptions {
  readonly url: URL;
  /** Extra trust for the server's certificate (PEM), or no check at all. */
  readonly tls: { readonly ca?: string; readonly rejectUnauthorized?: boolean };
  readonly connectTimeoutMs: number;
}

/**
 * Connections to one server, as many as there are requests at a time. What is idle is used again, the youngest first, and
 * closed after 4 s, or a second before the server says that it would.
 */
export class ConnectionPool implements ConnectionOwner {
  readonly connectTimeoutMs: number;
  readonly #open: OpenSocket;
  readonly #readyEvent: 'connect' | 'secureConnect';
  readonly #all = new Set<Connection>();
  /** The one that rests longest first. */
  readonly #idle: Connection[] = [];
  #closed = false;

  constructor(options: PoolOptions) {
    this.connectTimeoutMs = options.connectTimeoutMs;
    const secure = options.url.protocol === 'https:';
    this.#open = secure ? openTls(options) : openTcp(options);
    this.#readyEvent = secure ? 'secureConnect' : 'connect';
  }

  /** Sends a request, and returns the connection that carries it, for as long as the receiver waits. */
  send(head: string, body: Buffer | null, receiver: Receiver): Connection | null {
    if (this.#closed) {
      receiver.onFail('upstream-unreachable', 'the gateway ends');
      return null;
    }
    const connection = this.#takeIdle() ?? this.#connect();
    connection.send(head, body, receiver);
    return connection;
  }

  /** Closes what has been idle for too long. `now` is `performance.now`. */
  closeOverdue(now: number): void {
    for (const connection of this.#idle.filter((each) => each.idleUntil <= now)) connection.close();
  }

  /** Cuts every connection, also those that are in use. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#all) connection.close();
  }

  onIdle(connection: Connection): void {
    this.#idle.push(connection);
  }

  onClosed(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  #takeIdle(): Connection | null {
    let connection = this.#idle.pop();
    while (connection?.usable === false) connection = this.#idle.pop();
    return connection ?? null;
  }

  #connect(): Connection {
    const connection = new Connection(this.#open, this.#readyEvent, this);
    this.#all.add(connection);
    return connection;
  }
}

function toAddress(url: URL): { readonly host: string; readonly port: number } {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) };
}

function openTcp({ url }: PoolOptions): OpenSocket {
  const address = toAddress(url);
  return (buffer, callback) => connectTcp({ ...address, noDelay: true, keepAlive: true, onread: { buffer, callback } });
}

function openTls({ url, tls }: PoolOptions): OpenSocket {
  let session: Buffer | undefined;
  const address = toAddress(url);
  return (buffer, callback) => {
    const options: ConnectionOptions & { onread: object } = {
      ...address,
      ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
      ALPNProtocols: ['http/1.1'],
      // Said here, since NODE_TLS_REJECT_UNAUTHORIZED=0 would turn the check off for whoever does not say.
      rejectUnauthorized: true,
      ...tls,
      ...(session === undefined ? {} : { session }),
      onread: { buffer, callback },
    };
    const socket = connectTls(options);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.on('session', (ticket: Buffer) => (session = ticket));
    return socket;
  };
}
