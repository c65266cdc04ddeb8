// A zero in front is an octal number to some.
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** An IPv4 address that came over an IPv6 socket, in its IPv4 form. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && IPV4.test(address.slice(7)) ? address.slice(7) : address;
}

/**
 * What limits of an address count by: an IPv4 address as it is, of an IPv6 address its first 64 bits, since whoever has
 * one address of a /64 has all of them (RFC 6177 §2).
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  if (plainAddress(address) !== address) return plainAddress(address);
  const [head = '', tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail.split(':');
  // An IPv4 address at the end stands for two groups.
  const count = groups.length + after.length + (address.includes('.') ? 1 : 0);
  const zeros = Array.from({ length: Math.max(0, 8 - count) }, () => '0');
  return [...groups, ...zeros, ...after]
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
