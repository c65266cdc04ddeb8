import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAnonymous, type Principal } from '../core/principal.ts';
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

const inSession = (sealed: string | null, sessionId: string | null): Exchange =>
  ({ ...streamFrom('192.0.2.1'), headers: { sessionId: sealed }, sessionId }) as Exchange;

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
    const { principal } = first as { principal: Principal };
    expect([open.streamsOf(principal), open.streamsOf({ ...principal, id: 'another' })]).toEqual([4, 0]);
    expect([open.remove(first), open.remove(first)]).toEqual([true, false]);
    expect(open.streamsFrom('2001:db8:1:2::1')).toBe(1);
    expect(open.streamsOf(principal)).toBe(3);
  });

  it('counts no request that is no stream, or that nobody made', () => {
    const open = createOpenExchanges({ version: () => 1, endOf: () => null, unreadBytes: 1 });
    const call = { ...streamFrom('192.0.2.1'), stream: false };
    const nobodys = { ...streamFrom('192.0.2.1'), principal: null };
    for (const exchange of [call, nobodys]) open.add(exchange as Exchange);
    expect([open.size, open.streamsFrom('192.0.2.1')]).toEqual([2, 0]);
    for (const exchange of [call, nobodys]) open.remove(exchange as Exchange);
    expect([open.size, open.streamsFrom('192.0.2.1')]).toEqual([0, 0]);
  });

  it('knows the sessions in which something is answered, and takes none for one that was not let in', () => {
    const open = createOpenExchanges({ version: () => 1, endOf: () => null, unreadBytes: 1 });
    for (const exchange of [inSession('a.1', 'a'), inSession('b.1', null), inSession(null, 'c')]) open.add(exchange);
    expect(['a.1', 'b.1', 'c', 'a'].map(open.inSession)).toEqual([true, false, false, false]);
  });
});
