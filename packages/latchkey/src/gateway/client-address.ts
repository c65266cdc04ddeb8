import { BlockList, isIP } from 'node:net';

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

/** An IPv4 address that came over an IPv6 socket, in its IPv4 form. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/**
 * What limits of an address count by: an IPv4 address as it is, of an IPv6 address its first 64 bits, since whoever has
 * one address of a /64 has all of them (RFC 6177 §2).
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  if (plainAddress(address) !== address) return plainAddress(address);
  const [head = '', tail] = address.split('::') as [string, string?];
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // An IPv4 address at the end stands for two groups.
  const count = groups.length + after.length + (address.includes('.') ? 1 : 0);
  if (tail !== undefined) groups.push(...Array.from({ length: Math.max(0, 8 - count) }, () => '0'), ...after);
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':');
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

export function isLoopback(address: string): boolean {
  return address === '127.0.0.1' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
