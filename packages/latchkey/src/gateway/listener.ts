import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer as createNetServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { LatchkeyError } from '../core/error.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import type { GatewayOptions } from './options.ts';

export interface Listener {
  readonly port: number;
  setTls(pair: { readonly cert: string; readonly key: string }): void;
  /** Takes no new connections, lets `drain` finish what is under way, then closes the rest. */
  stop(drain: () => Promise<void>): Promise<void>;
}

interface Handlers {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onBadRequest: (address: string, refusal: Refusal) => void;
}

const TLS_HANDSHAKE = 0x16;

/** Opens the public side: HTTP/1.1, over TLS where a key pair is given. Every wait in it is bounded. */
export async function startListener(options: GatewayOptions, handlers: Handlers): Promise<Listener> {
  const plain = createPlainServer(options, handlers);
  const secure = options.tls === null ? null : createTlsServer(options, handlers);
  const front = secure === null ? plain : createFront(options, plain, secure);
  boundConnections(front, options.limits.connectionsPerAddress);
  await listen(front, options);
  return {
    port: (front.address() as AddressInfo).port,
    setTls(pair) {
      checkPair(pair);
      secure?.setSecureContext({ ...pair, minVersion: 'TLSv1.2' });
    },
    async stop(drain) {
      const closed = new Promise<void>((resolve) => void front.close(() => resolve()));
      for (const server of [plain, secure]) server?.closeIdleConnections();
      await drain();
      for (const server of [plain, secure]) server?.closeAllConnections();
      await closed;
    },
  };
}

function createPlainServer(options: GatewayOptions, handlers: Handlers): Server {
  const server = createHttpServer(serverOptions(options));
  wire(server, handlers);
  return server;
}

function createTlsServer(options: GatewayOptions, handlers: Handlers): HttpsServer {
  const pair = options.tls as { cert: string; key: string };
  checkPair(pair);
  const server = createHttpsServer({
    ...serverOptions(options),
    ...pair,
    minVersion: 'TLSv1.2',
    honorCipherOrder: true,
    handshakeTimeout: options.limits.headersTimeoutMs,
  });
  wire(server, handlers);
  return server;
}

function serverOptions({ limits }: GatewayOptions): object {
  return {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.headersTimeoutMs + limits.bodyTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: 1000,
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  };
}

function wire(server: Server, { onRequest, onBadRequest }: Handlers): void {
  // Past the default of 2,000 Node drops headers silently; the size bound and `receive` judge them instead.
  server.maxHeadersCount = 0;
  server.on('request', onRequest);
  // Nothing is read of a body before its sender was identified.
  server.on('checkContinue', onRequest);
  // Without this Node hangs up on a CONNECT, and nothing tells of it.
  server.on('connect', (_request, socket: Socket) => answerBadRequest(new Error('CONNECT'), socket, onBadRequest));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    answerBadRequest(error, socket, onBadRequest),
  );
}

const BAD_REQUESTS: Readonly<Record<string, readonly [string, Refusal]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', refuse('headers-too-large')],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', refuse('body-too-large')],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', refuse('body-timeout')],
};

function answerBadRequest(error: NodeJS.ErrnoException, socket: Socket, onBadRequest: Handlers['onBadRequest']): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, refusal] = BAD_REQUESTS[error.code ?? ''] ?? ['400 Bad Request', refuse('framing')];
  onBadRequest(socket.remoteAddress ?? '', refusal);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

/** Tells TLS from plain HTTP by the first byte, so that a credential sent in clear gets an answer that says so. */
function createFront({ limits }: GatewayOptions, plain: Server, secure: HttpsServer): NetServer {
  return createNetServer({ noDelay: true }, (socket) => {
    const timer = setTimeout(() => socket.destroy(), limits.headersTimeoutMs);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => clearTimeout(timer));
    socket.once('readable', () => {
      const first = socket.read(1) as Buffer | null;
      clearTimeout(timer);
      if (first === null) return void socket.destroy();
      socket.unshift(first);
      (first[0] === TLS_HANDSHAKE ? secure : plain).emit('connection', socket);
    });
  });
}

function boundConnections(front: Server | NetServer, most: number): void {
  const counts = new Map<string, number>();
  front.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (counts.get(address) ?? 0) + 1;
    if (count > most) return void socket.destroy();
    counts.set(address, count);
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
  });
}

function checkPair(pair: { readonly cert: string; readonly key: string }): void {
  try {
    createSecureContext(pair);
    // An empty file, or a chain that begins with a wrong certificate, would only show at the first handshake.
    if (!new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))) throw new Error('key mismatch');
  } catch (cause) {
    throw new LatchkeyError('E_TLS', 'The TLS certificate and key cannot be used together.', {
      hint: 'Check that tls.cert holds the certificate chain in PEM and tls.key its private key.',
      cause,
    });
  }
}

/** Whether that address can be listened on now; rejects with E_ADDRESS_IN_USE or E_ADDRESS_REFUSED. */
export async function checkAddress(address: Pick<GatewayOptions, 'host' | 'port'>): Promise<void> {
  const probe = createNetServer();
  await listen(probe, address);
  await new Promise<void>((resolve) => void probe.close(() => resolve()));
}

function listen(front: Server | NetServer, { host, port }: Pick<GatewayOptions, 'host' | 'port'>): Promise<void> {
  return new Promise((resolve, reject) => {
    front.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    front.listen(port, host, () => resolve());
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  if (error.code === 'EADDRINUSE') {
    return new LatchkeyError('E_ADDRESS_IN_USE', `${host}:${port} is already in use.`, {
      hint: `Stop what listens there, or pass --listen ${host}:0 for any free port.`,
      cause: error,
    });
  }
  return new LatchkeyError('E_ADDRESS_REFUSED', `Cannot listen on ${host}:${port}: ${error.code ?? error.message}.`, {
    hint: 'Choose an address of this machine and a port you may open with --listen HOST:PORT.',
    cause: error,
  });
}
