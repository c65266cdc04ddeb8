// Loaded before a peer that has no option for the address it listens on.
import { Server } from 'node:net';

const { listen } = Server.prototype;

Server.prototype.listen = function listenOnLoopback(this: Server, port: number, ...rest: unknown[]) {
  const listener = rest.find((one) => typeof one === 'function') as (() => void) | undefined;
  return listen.call(this, { port, host: '127.0.0.1' }, listener);
} as typeof listen;
