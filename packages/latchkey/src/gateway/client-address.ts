import { BlockList, isIP } from 'node:net';
import { plainAddress } from '../lock/network.ts';

/** Networks whose forwarding headers are believed; null, the default, believes none. */
export type Trusted = BlockList | null;

export function createTrusted(networks: readonly string[]): Trusted {
  if (networks.length === 0) return null;
  const list = new BlockList();
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string?];
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

export function isTrusted(trusted: Trusted, address: string): boolean {
  if (trusted === null) return false;
  const family = isIP(address);
  return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** The rightmost address of `X-Forwarded-For` that no trusted proxy has; the peer's own when the header is junk. */
export function clientAddress(peer: string, forwardedFor: string | null, trusted: Trusted): string {
  if (forwardedFor === null || !isTrusted(trusted, peer)) return peer;
  const hops = forwardedFor.split(',');
  for (let i = hops.length - 1; i >= 0; i -= 1) {
    const hop = plainAddress((hops[i] as string).trim());
    if (isIP(hop) === 0 || hop.includes('%')) return peer;
    if (!isTrusted(trusted, hop)) return hop;
  }
  return peer;
}
