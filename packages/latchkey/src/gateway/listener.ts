import { createServer as createHttpServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer as createNetServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { LatchkeyError } from '../core/error.ts';
import type { Refusal } from '../core/reason.ts';
import { answerBadRequest } from './bad-request.ts';
import { allowsMore } from './last-request.ts';
import { boundConnections } from './connections.ts';
import type { GatewayOptions } from './options.ts';
import { RawMessage, type RawRequest } from './raw-request.ts';
import { cutStalled } from './stalled.ts';
import { checkPair, SecureResponse, TLS_PROFILE, type KeyPair } from './tls.ts';

export interface Listener {
  readonly port: number;
  /** For connections from now on; throws E_TLS, and the old pair stays, when this one would not work. */
  setTls(pair: KeyPair): void;
  /** Lets `drain` finish what is under way, then takes no new connections and closes the rest. */
  stop(drain: () => Promise<void>): Promise<void>;
}

interface Handlers {
  readonly onRequest: (request: RawRequest, response: ServerResponse) => void;
  readonly onBadRequest: (address: string, refusal: Refusal, status: number) => void;
}

const TLS_HANDSHAKE = 0x16;

/** What a listener needs to know. */
export type ListenerOptions = Pick<GatewayOptions, 'host' | 'port' | 'tls' | 'trusted' | 'log'> & {
  readonly limits: Pick<
    GatewayOptions['limits'],
    | 'headerBytes'
    | 'headersTimeoutMs'
    | 'bodyTimeoutMs'
    | 'idleTimeoutMs'
    | 'sendTimeoutMs'
    | 'connectionsPerAddress'
    | 'connections'
  >;
};

/** Opens the public side: HTTP/1.1, over TLS where a key pair is given. Every wait in it is bounded. */
export async function startListener(options: ListenerOptions, handlers: Handlers): Promise<Listener> {
  const plain = createPlainServer(options, handlers);
  const secure = options.tls === null ? null : createTlsServer(options, handlers);
  const front = secure === null ? plain : createFront(options, plain, secure);
  const { connectionsPerAddress: each, connections: all, sendTimeoutMs } = options.limits;
  const open = boundConnections(front, { each, all, trusted: options.trusted }, (limit, address) =>
    options.log('warn', 'connections are closed at once: as many are open as may be', { limit, address }),
  );
  const stopWatching = cutStalled(open, sendTimeoutMs);
  await listen(front, options);
  return {
    port: (front.address() as AddressInfo).port,
    setTls(pair) {
      checkPair(pair, Date.now());
      secure?.setSecureContext({ ...TLS_PROFILE, ...pair });
    },
    async stop(drain) {
      // Who comes while it drains is told to come again, rather than finding nobody.
      await drain();
      stopWatching();
      const closed = new Promise<void>((resolve) => void front.close(() => resolve()));
      // Node's servers know of none that has sent nothing yet, or is in its TLS handshake.
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function createPlainServer(options: ListenerOptions, handlers: Handlers): Server {
  const server = createHttpServer(serverOptions(options));
  wire(server, handlers);
  return server;
}

function createTlsServer(options: ListenerOptions, handlers: Handlers): HttpsServer {
  const pair = options.tls as KeyPair;
  checkPair(pair, Date.now());
  const server = createHttpsServer({
    ...serverOptions(options),
    ...TLS_PROFILE,
    ...pair,
    ServerResponse: SecureResponse,
    handshakeTimeout: options.limits.headersTimeoutMs,
  });
  wire(server, handlers);
  return server;
}

function serverOptions({ limits }: ListenerOptions): object {
  return {
    IncomingMessage: RawMessage,
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
  const take: Handlers['onRequest'] = (request, response) => {
    if (allowsMore(request.socket)) onRequest(request, response);
  };
  server.on('request', take);
  // Nothing is read of a body before its sender was identified.
  server.on('checkContinue', take);
  // Node would answer itself, and nothing would tell of it.
  server.on('checkExpectation', take);
  // Without this Node hangs up on a CONNECT, and nothing tells of it.
  server.on('connect', (_request, socket: Socket) => answerBadRequest(new Error('CONNECT'), socket, onBadRequest));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    answerBadRequest(error, socket, onBadRequest),
  );
}

/** Tells TLS from plain HTTP by the first byte, so that a credential sent in clear gets an answer that says so. */
function createFront({ limits }: ListenerOptions, plain: Server, secure: HttpsServer): NetServer {
  // Node looks after the time-outs of a server's connections only once it listens.
  for (const server of [plain, secure]) server.emit('listening');
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
