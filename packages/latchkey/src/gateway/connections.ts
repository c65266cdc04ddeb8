import type { Server as NetServer, Socket } from 'node:net';
import { networkOf, plainAddress } from '../lock/network.ts';
import { isTrusted, type Trusted } from '../lock/trusted-proxies.ts';

export interface ConnectionLimits {
  /** Of one network. */
  readonly each: number;
  readonly all: number;
  /** Proxies, behind each of which many may be: only the limit of all holds them. */
  readonly trusted: Trusted;
}

/** Told that an address was hung up on, and for which limit. */
type Tell = (limit: Limit, address: string) => void;
type Limit = 'connections' | 'connectionsPerAddress';

const TELL_MS = 60_000;

/**
 * Closes a new connection at once when its network, or everybody together, has as many open as may be; tells of the first
 * in a minute. Returns those that are open, as they come and go.
 */
export function boundConnections(front: NetServer, limits: ConnectionLimits, tell: Tell): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  const counts = new Map<string, number>();
  const tellSometimes = limitLines(tell);
  front.on('connection', (socket: Socket) => {
    const peer = plainAddress(socket.remoteAddress ?? '');
    const network = isTrusted(limits.trusted, peer) ? null : networkOf(peer);
    const limit = reachedBy(open.size, network === null ? 0 : (counts.get(network) ?? 0), limits);
    if (limit !== null) {
      socket.destroy();
      return tellSometimes(limit, peer);
    }
    open.add(socket);
    if (network !== null) add(counts, network, 1);
    socket.once('close', () => {
      open.delete(socket);
      if (network !== null) add(counts, network, -1);
    });
  });
  return open;
}

function reachedBy(total: number, ofNetwork: number, { each, all }: ConnectionLimits): Limit | null {
  if (total >= all) return 'connections';
  return ofNetwork >= each ? 'connectionsPerAddress' : null;
}

function add(counts: Map<string, number>, network: string, step: 1 | -1): void {
  const count = (counts.get(network) ?? 0) + step;
  if (count === 0) counts.delete(network);
  else counts.set(network, count);
}

// A flood of connections is to be no flood of lines.
function limitLines(tell: Tell): Tell {
  const toldAt = new Map<Limit, number>();
  return (limit, address) => {
    const now = performance.now();
    if (now - (toldAt.get(limit) ?? Number.NEGATIVE_INFINITY) < TELL_MS) return;
    toldAt.set(limit, now);
    tell(limit, address);
  };
}
