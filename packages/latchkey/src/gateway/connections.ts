import type { Server as NetServer, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { SlotList, type Slotted } from '../core/slot-list.ts';
import { networkOf } from './client-address.ts';

const SWEEP_MS = 1000;

/** Closes a new connection at once when its network, or everybody together, has as many open as may be. */
export function boundConnections(front: NetServer, most: { readonly each: number; readonly all: number }): void {
  const counts = new Map<string, number>();
  let total = 0;
  front.on('connection', (socket: Socket) => {
    const network = networkOf(socket.remoteAddress ?? '');
    const count = counts.get(network) ?? 0;
    if (count >= most.each || total >= most.all) return void socket.destroy();
    counts.set(network, count + 1);
    total += 1;
    socket.once('close', () => {
      total -= 1;
      const left = (counts.get(network) ?? 1) - 1;
      if (left === 0) counts.delete(network);
      else counts.set(network, left);
    });
  });
}

class Watched implements Slotted {
  slot = -1;
  taken = 0;
  since = 0;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }
}

/**
 * Cuts connections whose peer took none of what it was sent for `timeoutMs`: a caller that does not read its answer
 * would hold it in memory for ever, since Node has no time-out for that. Gives the function that ends the watch.
 */
export function cutUnread(servers: readonly (NetServer | TlsServer)[], timeoutMs: number): () => void {
  const open = new SlotList<Watched>();
  const watch = (socket: Socket): void => {
    const watched = new Watched(socket);
    open.add(watched);
    socket.once('close', () => open.remove(watched));
  };
  for (const server of servers) server.on('setSecureContext' in server ? 'secureConnection' : 'connection', watch);
  const timer = setInterval(() => {
    const now = performance.now();
    for (const watched of open.toArray()) if (isUnread(watched, now, timeoutMs)) watched.socket.destroy();
  }, SWEEP_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function isUnread(watched: Watched, now: number, timeoutMs: number): boolean {
  const { socket } = watched;
  const taken = socket.bytesWritten - socket.writableLength;
  if (socket.writableLength > 0 && taken === watched.taken) return now - watched.since >= timeoutMs;
  watched.taken = taken;
  watched.since = now;
  return false;
}
