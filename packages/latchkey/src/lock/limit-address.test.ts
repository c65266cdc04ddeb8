import { describe, expect, it } from 'vitest';
import { toIncoming } from '../../../../test/fixtures/incoming.ts';
import { makeLock } from '../../../../test/library/hand-made-lock.ts';
import type { Asking } from './asking.ts';
import { limitAddress } from './limit-address.ts';
import { createAsking } from './lock.ts';

const TWO_A_MINUTE = { count: 2, periodMs: 60_000 };
const LIMITS = {
  ...makeLock({ tokens: {} }).lock.parts.limits,
  requestsPerAddress: TWO_A_MINUTE,
  failedPerAddress: TWO_A_MINUTE,
};
const NOW = 1_000_000;

function ask() {
  const { parts, state } = makeLock({ tokens: {}, parts: { limits: LIMITS, now: () => NOW } }).lock;
  const from = (address: string): Asking => createAsking(parts, toIncoming({ address }));
  return { state, from, limit: (address: string) => limitAddress(state, from(address)) };
}

describe('limitAddress', () => {
  it('lets an address ask so often, and says then in how many seconds it may ask again', async () => {
    const { state, from, limit } = ask();
    expect([limit('192.0.2.1'), limit('192.0.2.1')]).toEqual([null, null]);
    const asking = from('192.0.2.1');
    const refusal = limitAddress(state, asking);
    const expected = { reason: 'limit-address', retryAfterSeconds: 30 };
    expect(asking.outcome).toEqual(expected);
    expect(await refusal).toEqual(expected);
    expect(limit('192.0.2.2')).toBeNull();
  });

  it('counts all addresses of a /64 as one', async () => {
    const { limit } = ask();
    expect([limit('2001:db8::1'), limit('2001:db8::2')]).toEqual([null, null]);
    expect(await limit('2001:db8::3')).toMatchObject({ reason: 'limit-address' });
    expect(limit('2001:db8:0:1::1')).toBeNull();
  });

  it('neither counts nor refuses who has no address', () => {
    const { limit } = ask();
    expect([limit(''), limit(''), limit('')]).toEqual([null, null, null]);
  });

  it('looks at the failures of the address without judging them', () => {
    const { state, from } = ask();
    for (let failure = 0; failure < 2; failure += 1) state.failureLimiter.take('192.0.2.1', NOW);
    const [failed, other] = [from('192.0.2.1'), from('192.0.2.2')];
    expect([limitAddress(state, failed), limitAddress(state, other)]).toEqual([null, null]);
    expect([failed.failuresExceeded, other.failuresExceeded]).toEqual([30_000, 0]);
  });
});
