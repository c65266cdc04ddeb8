import { describe, expect, it } from 'vitest';
import { clientAddress, createTrusted } from './client-address.ts';

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
