import { Server } from 'node:net';

// Loaded before a server that can be told a port but not an address, and does not say which port it got: it is put on
// a free port of the loopback interface, and the parent process is told.
const listen = Server.prototype.listen;

Server.prototype.listen = function (this: Server, ...args: unknown[]) {
  const listener = args.findLast((each) => typeof each === 'function');
  this.once('listening', () => process.send?.(this.address()));
  return listen.call(this, { port: 0, host: '127.0.0.1' }, listener as () => void);
} as typeof listen;

// However the parent ends, the server does not outlive it.
process.once('disconnect', () => process.exit());
