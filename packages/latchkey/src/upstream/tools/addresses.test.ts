import { describe, expect, it } from 'vitest';
import { isLoopbackAddress, isPublicAddress } from './addresses.ts';

const PRIVATE_IPV4 = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.8.8.8',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
];
const PUBLIC_IPV4 = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.0.1',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.0.1',
  '192.169.0.1',
  '198.17.0.1',
  '198.20.0.1',
  '223.255.255.255',
];

describe('isPublicAddress', () => {
  it.each(['', '::ffff:', '64:ff9b::'])('judges IPv4 addresses written with %j', (prefix) => {
    expect(PRIVATE_IPV4.filter((address) => isPublicAddress(`${prefix}${address}`))).toEqual([]);
    expect(PUBLIC_IPV4.filter((address) => !isPublicAddress(`${prefix}${address}`))).toEqual([]);
  });

  it('judges IPv6 addresses', () => {
    const refused = [
      '::',
      '::1',
      '0:0:0:0:0:0:0:1',
      '::127.0.0.1',
      '::8.8.8.8',
      '::ffff:7f00:1',
      '::FFFF:A00:1',
      '::ffff:0:127.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1.1.1.1',
      '100::1',
      '2001::1',
      '2001:0:4136:e378::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '2002:808:808::',
      '3fff::1',
      '5f00::1',
      'fc00::1',
      'fd12:3456::1',
      'fe80::1',
      'fe80::1%eth0',
      'febf::1',
      'fec0::1',
      'ff02::1',
    ];
    expect(refused.filter(isPublicAddress)).toEqual([]);
    expect(
      ['2606:4700::1111', '2a00:1450:4001::1', '2001:4860:4860::8888'].filter((one) => !isPublicAddress(one)),
    ).toEqual([]);
  });

  it('is false for what is no address', () => {
    expect(
      ['', 'localhost', '127.1', '0x7f.1', '8.8.8', '8.8.8.8:80', '[2606:4700::1]', ' 8.8.8.8'].filter(isPublicAddress),
    ).toEqual([]);
  });
});

describe('isLoopbackAddress', () => {
  it('knows both families', () => {
    expect(['127.0.0.1', '127.1.2.3', '::1'].filter((address) => !isLoopbackAddress(address))).toEqual([]);
    expect(['::', '128.0.0.1', '10.0.0.1', 'localhost', '::1%lo', ''].filter(isLoopbackAddress)).toEqual([]);
  });
});
