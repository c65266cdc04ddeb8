import { isIPv4, plainAddress } from './network.ts';

/** Networks whose word about a request is believed; null, the default, believes none. */
export type Trusted = { has(address: string): boolean } | null;

/** Whether that is an IP address, or one with the length of its prefix: `10.0.0.0/8`. */
export function isNetwork(text: string): boolean {
  return readPrefix(text) !== null;
}

/** Throws a TypeError for what is no network. */
export function createTrusted(networks: readonly string[]): Trusted {
  if (networks.length === 0) return null;
  const prefixes = networks.map(toPrefix);
  return {
    has(address) {
      const bits = toBits(address);
      return bits !== null && prefixes.some((each) => each.of === bits.length && bits.startsWith(each.prefix));
    },
  };
}

export function isTrusted(trusted: Trusted, address: string): boolean {
  return trusted?.has(address) === true;
}

/** The rightmost address of `X-Forwarded-For` that no trusted proxy has; the peer's own when the header is junk. */
export function clientAddress(peer: string, forwardedFor: string | null, trusted: Trusted): string {
  if (forwardedFor === null || !isTrusted(trusted, peer)) return peer;
  const hops = forwardedFor.split(',');
  for (let i = hops.length - 1; i >= 0; i -= 1) {
    const hop = toAddress((hops[i] as string).trim());
    if (hop === null) return peer;
    if (!isTrusted(trusted, hop)) return hop;
  }
  return peer;
}

/** The address of a hop, an IPv4 address in its IPv4 form; null for junk. */
function toAddress(hop: string): string | null {
  const address = plainAddress(hop);
  const bits = toBits(address);
  if (bits === null || bits.length > 32) return bits && address;
  return [0, 8, 16, 24].map((at) => parseInt(bits.slice(at, at + 8), 2)).join('.');
}

interface Prefix {
  readonly prefix: string;
  /** How many bits an address of this family has. */
  readonly of: number;
}

function toPrefix(network: string): Prefix {
  const prefix = readPrefix(network);
  if (prefix === null) throw new TypeError(`${network} is no IP address and no network`);
  return prefix;
}

function readPrefix(network: string): Prefix | null {
  const [address = '', length, more] = network.split('/');
  const bits = readBits(address);
  // A length that is no number, or none, would be the prefix that everybody has.
  if (bits === null || more !== undefined || !/^\d{1,3}$/.test(length ?? '0')) return null;
  if (Number(length ?? 0) > bits.length) return null;
  const prefix = bits.slice(0, length === undefined ? bits.length : Number(length));
  // What is wider than all of IPv4 is a network of IPv6.
  return prefix.length < MAPPED.length
    ? { prefix, of: bits.length }
    : { prefix: unmap(prefix), of: unmap(bits).length };
}

/** Ninety-six bits in front of an IPv4 address (RFC 4291 §2.5.5.2): it is the same address. */
const MAPPED = `${'0'.repeat(80)}${'1'.repeat(16)}`;

function unmap(bits: string): string {
  return bits.startsWith(MAPPED) ? bits.slice(MAPPED.length) : bits;
}

function toBits(address: string): string | null {
  const bits = readBits(address);
  return bits && unmap(bits);
}

/** The 32 or 128 bits of an IP address, as text; null for anything else. */
function readBits(address: string): string | null {
  if (isIPv4(address)) return toBinary(address.split('.').map(Number), 8);
  // Everybody's own way to read IPv6 (RFC 4291 §2.2); names and zones are no address to it.
  if (!/^[0-9a-f:.]+$/i.test(address) || !URL.canParse(`http://[${address}]`)) return null;
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [front, back] = [toGroups(head), toGroups(tail)];
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0);
  return toBinary([...front, ...zeros, ...back], 16);
}

function toGroups(part: string): readonly number[] {
  return part === '' ? [] : part.split(':').map((group) => parseInt(group, 16));
}

function toBinary(parts: readonly number[], width: number): string {
  return parts.map((part) => part.toString(2).padStart(width, '0')).join('');
}
