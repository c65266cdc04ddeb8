import { describe, expect, it } from 'vitest';
import { stageGateway, type StagedSettings } from '../../../../../test/fixtures/stages.ts';
import { admitStage } from './admit.ts';

const trail = { healthy: false, record: () => {}, flush: () => Promise.resolve(), close: () => Promise.resolve() };

function admit(target: string, settings: StagedSettings = {}) {
  const gateway = stageGateway(settings);
  return admitStage(gateway.state).run(gateway.exchange({ target }));
}

describe('admitStage', () => {
  it('lets all in while the gateway runs', () => {
    expect([admit('/mcp'), admit('/healthz'), admit('/nowhere')]).toEqual([null, null, null]);
  });

  it('lets nothing but documents in while the gateway stops', () => {
    const stopping = { stopping: true };
    for (const target of ['/mcp', '/sse', '/.latchkey/rotate', '/nowhere'])
      expect(admit(target, stopping)).toEqual({ reason: 'shutting-down', retryAfterSeconds: 5 });
    expect(admit('/healthz', stopping)).toBeNull();
  });

  it('lets nothing but documents in while decisions cannot be written down', () => {
    const unwritten = { options: { trail } };
    for (const target of ['/mcp', '/.latchkey/rotate'])
      expect(admit(target, unwritten)).toEqual({ reason: 'trail-unavailable', retryAfterSeconds: 1 });
    expect(admit('/readyz', unwritten)).toBeNull();
  });
});
