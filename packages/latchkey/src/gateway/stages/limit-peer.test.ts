import { describe, expect, it } from 'vitest';
import { NOW, stageGateway } from '../../../../../test/fixtures/stages.ts';
import type { Exchange } from '../exchange.ts';
import { limitPeerStage } from './limit-peer.ts';

const RATE = { count: 2, periodMs: 60_000 };

function create() {
  const gateway = stageGateway({ limits: { requestsPerAddress: RATE, failedPerAddress: { ...RATE, count: 1 } } });
  const stage = limitPeerStage(gateway.state);
  const ask = (address: string, more: Partial<Exchange> = {}) => {
    const exchange = gateway.exchange({ with: { address, ...more } });
    return { exchange, result: stage.run(exchange) };
  };
  return { gateway, ask };
}

describe('limitPeerStage', () => {
  it('refuses more requests of one address than may come, whatever others do', async () => {
    const { ask } = create();
    const refused = { reason: 'limit-address', retryAfterSeconds: 30 };
    for (let i = 0; i < 2; i += 1) expect(ask('192.0.2.7').result).toBeNull();
    const { result, exchange } = ask('192.0.2.7');
    // The trail has it also when the caller does not wait.
    expect([exchange.outcome, await result]).toEqual([refused, refused]);
    expect(ask('192.0.2.8').result).toBeNull();
    expect(ask('192.0.2.7', { startedAt: NOW + 30_000 }).result).toBeNull();
    expect(await ask('192.0.2.7', { startedAt: NOW + 30_000 }).result).toEqual(refused);
  });

  it('takes the addresses of one network of IPv6 for one', async () => {
    const { ask } = create();
    for (const host of ['1', '2']) expect(ask(`2001:db8::${host}`).result).toBeNull();
    expect(await ask('2001:db8:0:0:ffff::3').result).toMatchObject({ reason: 'limit-address' });
    expect(ask('2001:db8:0:1::1').result).toBeNull();
  });

  it('looks how long an address has too many failures, and refuses nobody for that itself', () => {
    const { gateway, ask } = create();
    const look = (address: string) => {
      const { result, exchange } = ask(address);
      return [result, exchange.failuresExceeded];
    };
    gateway.state.failureLimiter.take('192.0.2.7', NOW - 20_000);
    expect([look('192.0.2.7'), look('192.0.2.8')]).toEqual([
      [null, 40_000],
      [null, 0],
    ]);
    // Looking is no failure.
    expect(look('192.0.2.7')).toEqual([null, 40_000]);
  });
});
