// A zero in front is an octal number to some.
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

// An IPv4 address that came over an IPv6 socket, and what some proxies write: a port, and then brackets (RFC 3986 §3.2.2).
const SPELLED = /^(?:(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)|\[(.+)])(:\d+)?$/;

/** The address alone, an IPv4 address in its IPv4 form. */
export function plainAddress(address: string): string {
  return address.includes(':') ? address.replace(SPELLED, '$1$2') : address;
}

/**
 * What limits of an address count by: an IPv4 address as it is, of an IPv6 address its first 64 bits, since whoever has
 * one address of a /64 has all of them (RFC 6177 §2).
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const [groups = [], after = []] = plain.split('::').map((part) => (part === '' ? [] : part.split(':')));
  // An IPv4 address at the end stands for two groups.
  const left = (plain.includes('.') ? 7 : 8) - groups.length - after.length;
  return [...groups, ...Array.from({ length: left }, () => '0'), ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':');
}

export function isIPv4(text: string): boolean {
  return IPV4.test(text);
}

export function isLoopback(address: string): boolean {
  // Most callers on this machine come by the first; each request asks.
  return address === '127.0.0.1' || address === '::1' || (address.startsWith('127.') && IPV4.test(address));
}
