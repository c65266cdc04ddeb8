import { BlockList, isIP } from 'node:net';

export interface Address {
  /** An IP address without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** `HOST:PORT`, `[::1]:PORT`, or `:PORT` and `PORT` for loopback; port 0 means any. Null when it is none. */
export function parseAddress(text: string): Address | null {
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return null;
  // A zone has no place in the URLs that are made of it (RFC 3986 §3.2.2).
  if (bracketed !== undefined)
    return isIP(bracketed) === 6 && !bracketed.includes('%') ? { host: bracketed, port } : null;
  if (plain === undefined || plain === '') return { host: '127.0.0.1', port };
  return isIP(plain) === 4 || (HOST_NAME.test(plain) && !/^[\d.]+$/.test(plain)) ? { host: plain, port } : null;
}

/** As it stands in a URL. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only programs of this machine can reach that host; a name other than localhost counts as reachable. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const version = isIP(bare);
  if (version === 0) return bare === 'localhost' || bare.endsWith('.localhost');
  return LOOPBACK.check(bare, version === 6 ? 'ipv6' : 'ipv4');
}

/** An IP address or a CIDR network. */
export function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128);
}
