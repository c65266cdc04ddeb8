import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import type { Exchange } from './exchange.ts';
import { createOpenExchanges } from './open-exchanges.ts';

function streamFrom(address: string): Exchange {
  const exchange: Partial<Exchange> = { address, stream: true, principal: createAnonymous([]), slot: -1, endsAt: null };
  return exchange as Exchange;
}

/** An open stream of a stored credential, and how often it was cut. */
function openStream(expiresAt: number | null = null): { exchange: Exchange; cuts: () => number } {
  let cuts = 0;
  const exchange = streamFrom('192.0.2.1');
  exchange.principal = { ...createAnonymous([]), credentialId: 'c1', expiresAt };
  exchange.answer = { unread: 0, abort: () => (cuts += 1) } as unknown as Exchange['answer'];
  exchange.heldAgainst = -1;
  return { exchange, cuts: () => cuts };
}

describe('createOpenExchanges', () => {
  it('cuts what was judged before its credential was revoked and opened after the store was looked at', async () => {
    let revoked = false;
    const open = createOpenExchanges({ version: () => 7, endOf: () => (revoked ? 0 : null), unreadBytes: 1 });
    const first = openStream();
    open.add(first.exchange);
    await open.sweep(1000);
    revoked = true;
    const late = openStream();
    open.add(late.exchange);
    await open.sweep(1250);
    expect([first.cuts(), late.cuts()]).toEqual([0, 1]);
  });

  it('asks for each credential once for each version', async () => {
    const asked: number[] = [];
    let version = 1;
    const endOf = (): null => (asked.push(version), null);
    const open = createOpenExchanges({ version: () => version, endOf, unreadBytes: 1 });
    for (let count = 0; count < 3; count += 1) open.add(openStream().exchange);
    for (version of [1, 1, 2, 2]) await open.sweep(1000);
    expect(asked).toEqual([1, 2]);
  });

  it('cuts what expired while the store cannot be read, and asks again until it can', async () => {
    let readable = false;
    const version = (): number => {
      if (readable) return 1;
      throw new Error('disk I/O error');
    };
    const open = createOpenExchanges({ version, endOf: () => 0, unreadBytes: 1 });
    const [expired, revoked] = [openStream(1000), openStream()];
    for (const { exchange } of [expired, revoked]) open.add(exchange);
    await expect(open.sweep(1000)).rejects.toThrow('disk I/O error');
    expect([expired.cuts(), revoked.cuts()]).toEqual([1, 0]);
    readable = true;
    await open.sweep(1250);
    expect(revoked.cuts()).toBe(1);
  });

  it('counts the streams of one network together, as long as they are open', () => {
    const open = createOpenExchanges({ version: () => 1, endOf: () => null, unreadBytes: 1 });
    const first = streamFrom('2001:db8:1:2::1');
    for (const exchange of [
      first,
      streamFrom('2001:0db8:1:2:ffff::9'),
      streamFrom('2001:db8:1:3::1'),
      streamFrom('192.0.2.1'),
    ])
      open.add(exchange);
    expect(open.streamsFrom('2001:db8:1:2::abc')).toBe(2);
    expect(open.streamsFrom('192.0.2.1')).toBe(1);
    expect(open.streamsFrom('192.0.2.2')).toBe(0);
    open.remove(first);
    expect(open.streamsFrom('2001:db8:1:2::1')).toBe(1);
  });
});
