import { describe, expect, it } from 'vitest';
import { clientAddress, createTrusted, isNetwork, isTrusted } from './trusted-proxies.ts';

describe('clientAddress', () => {
  const trusted = createTrusted(['10.0.0.0/8', '::1']);

  it.each([
    ['1.1.1.1, 2.2.2.2', '2.2.2.2'],
    ['1.1.1.1, 2.2.2.2, 10.1.1.1', '2.2.2.2'],
    ['::ffff:3.3.3.3', '3.3.3.3'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', '10.0.0.1'],
    ['2001:db8::1]/a', '10.0.0.1'],
    ['junk', '10.0.0.1'],
    ['1.1.1.1, junk', '10.0.0.1'],
    ['1.1.1.1, 02.2.2.2', '10.0.0.1'],
    ['1.1.1.1, ::ffff:a00:5', '1.1.1.1'],
    ['', '10.0.0.1'],
    // As Azure's gateways and IIS write it, and load balancers that were told to.
    ['1.1.1.1:443, 2.2.2.2:51000', '2.2.2.2'],
    ['2.2.2.2:51000, 10.1.1.1:80', '2.2.2.2'],
    ['[2001:db8::1]:51000', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2.2.2.2, [::1]:80', '2.2.2.2'],
    // Else all clients of this spelling would share one limit.
    ['::FFFF:3.3.3.3', '3.3.3.3'],
    ['[::ffff:303:303]:1', '3.3.3.3'],
    ['0:0:0:0:0:ffff:303:303', '3.3.3.3'],
    ['2.2.2.2:', '10.0.0.1'],
    ['2.2.2.2:http', '10.0.0.1'],
    ['2.2.2.999:80', '10.0.0.1'],
    ['[2001:db8::1', '10.0.0.1'],
    ['[2001:db8::1]80', '10.0.0.1'],
    ['[2001:db8::1%eth0]:80', '10.0.0.1'],
    [Array.from({ length: 500 }, () => '10.2.2.2').join(), '10.0.0.1'],
  ])('reads %s', (header, address) => {
    expect(clientAddress('10.0.0.1', header, trusted)).toBe(address);
  });

  it('believes nobody else', () => {
    expect(clientAddress('10.0.0.1', null, trusted)).toBe('10.0.0.1');
    expect(clientAddress('9.9.9.9', '1.1.1.1', trusted)).toBe('9.9.9.9');
    expect(clientAddress('127.0.0.1', '1.1.1.1', createTrusted([]))).toBe('127.0.0.1');
  });
});

describe('createTrusted', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.5', '10.0.0.5', true],
    ['10.0.0.5', '10.0.0.6', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/32', '2001:DB8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['::', '::', true],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8', true],
    ['1:2:3:4:5:6:7:8/32', '1:2::', true],
    ['fe80::/10', 'fe80::1%eth0', false],
    ['10.0.0.0/8', '::ffff:a00:5', true],
    ['10.0.0.0/8', '::ffff:b00:5', false],
    ['10.0.0.0/8', '::a00:5', false],
    ['::ffff:10.0.0.0/104', '10.1.1.1', true],
    ['::ffff:10.0.0.5', '10.0.0.5', true],
    ['::ffff:0:0/90', '::ffff:1.2.3.4', false],
    ['::ffff:0:0/90', '::ffe0:1:1', true],
    ['::ffff:0:0/96', '1.2.3.4', true],
    ['0.0.0.0/0', '02.2.2.2', false],
    ['0.0.0.0/0', '2.2.2.256', false],
    ['0.0.0.0/0', '2.2.2', false],
    ['::/0', 'example', false],
    ['::/0', '', false],
    ['::/0', '1:2', false],
  ])('%s holds %s: %s', (network, address, held) => {
    expect(isTrusted(createTrusted([network]), address)).toBe(held);
  });

  it.each([
    'localhost',
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/all',
    '10.0.0.0/8/8',
    '10.0.0.0/8.5',
    '10.0.0.0/-8',
    '10.0.0.0/ 8',
    '10.0.0.0/0x8',
    '10.0.0.0/33',
    '::/129',
  ])('takes %j for no network', (text) => {
    expect(isNetwork(text)).toBe(false);
    expect(() => createTrusted([text])).toThrow(TypeError);
  });

  it.each(['10.0.0.5', '10.0.0.0/8', '0.0.0.0/0', '10.0.0.5/32', '::1', '::/0', '::1/128'])('takes %s', (text) => {
    expect(isNetwork(text)).toBe(true);
    expect(createTrusted([text])).not.toBeNull();
  });
});
