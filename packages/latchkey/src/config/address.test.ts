import { describe, expect, it } from 'vitest';
import { formatAddress, isLoopbackHost, isNetwork, parseAddress } from './address.ts';

describe('parseAddress', () => {
  it('reads hosts and ports, loopback where no host is named', () => {
    expect(['127.0.0.1:8787', '[::1]:1', ':80', '0', 'a.example:65535'].map(parseAddress)).toEqual([
      { host: '127.0.0.1', port: 8787 },
      { host: '::1', port: 1 },
      { host: '127.0.0.1', port: 80 },
      { host: '127.0.0.1', port: 0 },
      { host: 'a.example', port: 65_535 },
    ]);
    const wrong = [
      '',
      'a',
      '127.0.0.1',
      '::1:80',
      '[::1]',
      '[x]:1',
      '127.0.0.1:65536',
      '999.1.1.1:1',
      '127.1:1',
      'a b:1',
      'a:-1',
      'http://a:1',
    ];
    expect(wrong.map(parseAddress)).toEqual(wrong.map(() => null));
  });
});

describe('isLoopbackHost', () => {
  it('is true only for what cannot be reached from outside', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost', 'LOCALHOST'].every(isLoopbackHost)).toBe(true);
    expect(
      ['0.0.0.0', '::', '10.0.0.1', 'a.example', 'localhost.example', '127.0.0.1.example', '0'].some(isLoopbackHost),
    ).toBe(false);
  });
});

describe('isNetwork', () => {
  it('takes addresses and CIDR networks', () => {
    expect(['10.0.0.0/8', '::1', 'fd00::/8', '1.2.3.4'].every(isNetwork)).toBe(true);
    expect(['10.0.0.0/33', 'a', '10.0.0/8', '::/129', '10.0.0.0/', '10.0.0.0/x'].some(isNetwork)).toBe(false);
  });
});

describe('formatAddress', () => {
  it('gives back what was parsed, with the port there is', () => {
    for (const text of ['127.0.0.1:8787', '[::1]:443', 'a.example:1'])
      expect(formatAddress(parseAddress(text)!)).toBe(text);
  });
});
