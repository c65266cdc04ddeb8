import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import type { Exchange } from './exchange.ts';
import { createOpenExchanges } from './open-exchanges.ts';

function streamFrom(address: string): Exchange {
  const exchange: Partial<Exchange> = {
    address,
    stream: true,
    principal: createAnonymous([]),
    slot: -1,
    endsAt: null,
    heldAgainst: Number.NaN,
  };
  return exchange as Exchange;
}

describe('createOpenExchanges', () => {
  afterEach(() => void vi.useRealTimers());

  it('aborts the answer of an exchange whose credential ended', async () => {
    vi.useFakeTimers({ now: 1000 });
    const open = createOpenExchanges({ version: () => 1, endOf: () => 0, unreadBytes: 1 });
    let aborted = 0;
    const exchange = streamFrom('192.0.2.1');
    exchange.answer = { unread: 0, abort: () => (aborted += 1) } as unknown as Exchange['answer'];
    open.add(exchange);
    await vi.advanceTimersByTimeAsync(250);
    expect(aborted).toBe(1);
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
