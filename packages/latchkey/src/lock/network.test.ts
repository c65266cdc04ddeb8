import { describe, expect, it } from 'vitest';
import { isLoopback, networkOf, plainAddress } from './network.ts';

describe('plainAddress and isLoopback', () => {
  it('know IPv4 behind IPv6', () => {
    expect(isLoopback(plainAddress('::ffff:127.0.0.1'))).toBe(true);
    expect(isLoopback('::1')).toBe(true);
    expect(isLoopback('128.0.0.1')).toBe(false);
    for (const other of ['127.evil.example', '127.0.0.01', '127.0.0', '127.0.0.256', '127.0.0.1.1'])
      expect(isLoopback(other)).toBe(false);
    expect(plainAddress('1:2:3::1.2.3.4')).toBe('1:2:3::1.2.3.4');
  });
});

describe('plainAddress', () => {
  // Who has another port with each connection would have a limit of its own with each.
  it.each([
    ['203.0.113.7:51000', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[2001:db8::1]:51000', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['::7:1.2.3.4', '::7:1.2.3.4'],
    ['203.0.113.7:', '203.0.113.7:'],
    ['', ''],
  ])('of %s is %s', (text, address) => expect(plainAddress(text)).toBe(address));
});

describe('networkOf', () => {
  it('counts an IPv4 address by itself and IPv6 by its first 64 bits, however it is written', () => {
    for (const same of ['203.0.113.7', '::ffff:203.0.113.7', '203.0.113.7:51000'])
      expect(networkOf(same)).toBe('203.0.113.7');
    const others = ['2001:db8:0:7::1', '2001:db8:0:7:ffff:ffff:ffff:ffff', '2001:DB8::7:0:0:0:2', '2001:0db8:0:0007::'];
    for (const same of others) expect(networkOf(same)).toBe('2001:db8:0:7');
    for (const same of ['::1', '::', '::7:1.2.3.4', '0:0::']) expect(networkOf(same)).toBe('0:0:0:0');
    expect(networkOf('2001:db8:0:8::1')).toBe('2001:db8:0:8');
    expect(networkOf('64:ff9b::1.2.3.4')).toBe('64:ff9b:0:0');
    expect(networkOf('fe80::1')).toBe('fe80:0:0:0');
    expect(networkOf('1:2:3:4:5:6:7:8')).toBe('1:2:3:4');
    expect(networkOf('1::3:4:5:6:1.2.3.4')).toBe('1:0:3:4');
  });
});
