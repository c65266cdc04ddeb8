import { describe, expect, it } from 'vitest';
import { createProofNonces } from './proof-nonces.ts';

const SPAN = 300_000;
const NOW = 1_800_000_000_000;

describe('createProofNonces', () => {
  it('are good for their span and the next, and then no longer', () => {
    const nonces = createProofNonces('secret', SPAN);
    const nonce = nonces.current(NOW);
    expect(nonces.judge(nonce, NOW)).toBe('fresh');
    expect(nonces.judge(nonce, NOW + SPAN)).toBe('stale');
    expect(nonces.judge(nonce, NOW + 2 * SPAN)).toBe('wrong');
    expect(nonces.judge(nonce, NOW - SPAN)).toBe('wrong');
    expect(nonces.judge(nonces.current(NOW + SPAN), NOW + SPAN)).toBe('fresh');
  });

  it('are known to every node that has the secret, and to nobody else', () => {
    const nonce = createProofNonces('secret', SPAN).current(NOW);
    expect(createProofNonces('secret', SPAN).judge(nonce, NOW)).toBe('fresh');
    expect(createProofNonces('other', SPAN).judge(nonce, NOW)).toBe('wrong');
  });

  it.each([undefined, null, '', 0, [], {}, 'x'])('do not take %j for one', (nonce) => {
    expect(createProofNonces('secret', SPAN).judge(nonce, NOW)).toBe('wrong');
  });

  it('are texts that a header can carry (RFC 9449 §8.1)', () => {
    expect(createProofNonces('secret', SPAN).current(NOW)).toMatch(/^[\w-]{43}$/);
  });
});
