import type { Server as NetServer, Socket } from 'node:net';
import { networkOf } from '../lock/network.ts';

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
