import { describe, expect, it } from 'vitest';
import { clientAddress, createTrusted, isLoopback, networkOf, plainAddress } from './client-address.ts';

describe('clientAddress', () => {
  const trusted = createTrusted(['10.0.0.0/8', '::1']);

  it.each([
    ['1.1.1.1, 2.2.2.2', '2.2.2.2'],
    ['1.1.1.1, 2.2.2.2, 10.1.1.1', '2.2.2.2'],
    ['::ffff:3.3.3.3', '3.3.3.3'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', '10.0.0.1'],
    ['junk', '10.0.0.1'],
    ['1.1.1.1, junk', '10.0.0.1'],
    ['', '10.0.0.1'],
    [Array.from({ length: 500 }, () => '10.2.2.2').join(), '10.0.0.1'],
  ])('reads %s', (header, address) => {
    expect(clientAddress('10.0.0.1', header, trusted)).toBe(address);
  });

  it('believes nobody else', () => {
    expect(clientAddress('9.9.9.9', '1.1.1.1', trusted)).toBe('9.9.9.9');
    expect(clientAddress('127.0.0.1', '1.1.1.1', createTrusted([]))).toBe('127.0.0.1');
  });
});

describe('plainAddress and isLoopback', () => {
  it('know IPv4 behind IPv6', () => {
    expect(isLoopback(plainAddress('::ffff:127.0.0.1'))).toBe(true);
    expect(isLoopback('::1')).toBe(true);
    expect(isLoopback('128.0.0.1')).toBe(false);
    expect(isLoopback('127.evil.example')).toBe(false);
  });
});

describe('networkOf', () => {
  it('counts an IPv4 address by itself and IPv6 by its first 64 bits, however it is written', () => {
    for (const same of ['203.0.113.7', '::ffff:203.0.113.7']) expect(networkOf(same)).toBe('203.0.113.7');
    const others = ['2001:db8:0:7::1', '2001:db8:0:7:ffff:ffff:ffff:ffff', '2001:DB8::7:0:0:0:2', '2001:0db8:0:0007::'];
    for (const same of others) expect(networkOf(same)).toBe('2001:db8:0:7');
    for (const same of ['::1', '::', '::7:1.2.3.4', '0:0::']) expect(networkOf(same)).toBe('0:0:0:0');
    expect(networkOf('2001:db8:0:8::1')).toBe('2001:db8:0:8');
    expect(networkOf('64:ff9b::1.2.3.4')).toBe('64:ff9b:0:0');
    expect(networkOf('fe80::1')).toBe('fe80:0:0:0');
  });
});
