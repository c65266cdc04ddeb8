import { describe, expect, it } from 'vitest';
import { toInitialized } from './initialized.ts';
import type { Greeting } from './launcher.ts';

const GREETING: Greeting = {
  era: 'legacy',
  protocolVersion: '2025-06-18',
  capabilities: {},
  serverInfo: { name: 's', version: '1' },
  instructions: null,
};

describe('toInitialized', () => {
  it.each([
    ['2025-06-18', '2025-06-18', '2025-06-18'],
    ['2025-06-18', '2025-03-26', '2025-03-26'],
    ['2025-06-18', '2024-11-05', '2024-11-05'],
    ['2025-06-18', '2025-11-25', '2025-06-18'],
    ['2025-06-18', '2026-07-28', '2025-06-18'],
    ['2025-06-18', '2025-01-01', '2025-06-18'],
    ['2025-06-18', 7, '2025-06-18'],
    ['2024-11-05', '2025-03-26', '2024-11-05'],
    [null, '2025-11-25', '2025-11-25'],
    [null, undefined, '2025-11-25'],
  ])('with a server of %s answers %s with %s', (protocolVersion, asked, answered) => {
    expect(JSON.parse(toInitialized({ ...GREETING, protocolVersion }, asked, {}))).toHaveProperty(
      'protocolVersion',
      answered,
    );
  });

  it('tells what the server said of itself', () => {
    expect(JSON.parse(toInitialized({ ...GREETING, instructions: 'do' }, null, { tools: {} }))).toEqual({
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 's', version: '1' },
      instructions: 'do',
    });
    expect(JSON.parse(toInitialized({ ...GREETING, serverInfo: null }, null, {}))).toEqual({
      protocolVersion: '2025-06-18',
      capabilities: {},
      serverInfo: { name: 'unknown', version: '0' },
    });
  });
});
