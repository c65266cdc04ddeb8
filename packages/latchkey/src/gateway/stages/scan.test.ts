import { describe, expect, it } from 'vitest';
import { stageGateway, type SentToStage } from '../../../../../test/fixtures/stages.ts';
import type { ProtectedServer } from '../exchange.ts';
import { scanStage } from './scan.ts';

const LIST = { id: 1, method: 'tools/list' };
const modern = { 'mcp-protocol-version': '2026-07-28' };

function scan(sent: SentToStage, protocol: ProtectedServer['protocol'] = 'both') {
  const gateway = stageGateway({ server: { protocol } });
  const exchange = gateway.exchange(sent);
  exchange.message = null;
  return { result: scanStage(gateway.state).run(exchange), exchange };
}

describe('scanStage', () => {
  it('reads the message of a body, and none where there is no body', () => {
    const { result, exchange } = scan({ message: LIST });
    expect([result, exchange.message?.method, exchange.era]).toEqual([null, 'tools/list', 'legacy']);
    const stream = scan({});
    expect([stream.result, stream.exchange.message]).toEqual([null, null]);
  });

  it('refuses a revision that the server does not speak at that place', () => {
    const speaks = (headers: Record<string, string>, target: string) => scan({ target, headers }).result;
    expect(speaks({ 'mcp-protocol-version': '2025-11-25' }, '/mcp')).toBeNull();
    expect(speaks({ 'mcp-protocol-version': '2025-11-25' }, '/sse')).toBeNull();
    expect(speaks(modern, '/sse')).toMatchObject({ reason: 'version-unsupported' });
    expect(scan({ message: LIST }, 'modern').result).toMatchObject({ reason: 'header-mismatch' });
  });

  it('lets nothing through at a place where nothing is spoken', () => {
    for (const target of ['/healthz', '/nowhere'])
      for (const message of [LIST, undefined])
        expect(scan({ target, ...(message && { message }) }).result).toEqual({ reason: 'internal' });
  });
});
