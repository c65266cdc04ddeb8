import { describe, expect, it } from 'vitest';
import { parseMessage } from '../core/parse-message.ts';
import { createAnonymous } from '../core/principal.ts';
import { pauseBefore, toResumption } from './resumption.ts';

const parsed = parseMessage(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}'));
if (parsed.kind !== 'message') throw new Error('no message');

describe('toResumption', () => {
  it('asks for what follows one event, and says nothing of the message of the call', () => {
    const call = {
      httpMethod: 'POST',
      era: 'legacy',
      principal: createAnonymous([]),
      message: parsed.message,
      sessionId: 's1',
      headers: [
        ['accept', 'application/json'],
        ['content-type', 'application/json'],
        ['mcp-protocol-version', '2025-11-25'],
        ['mcp-method', 'tools/call'],
        ['mcp-name', 'x'],
        ['mcp-param-region', 'eu'],
        ['x-kept', 'accept'],
        ['last-event-id', "the caller's"],
      ].flat(),
    } as const;
    expect(toResumption(call, 's2', { lastEventId: 'e7', retryMs: null })).toEqual({
      ...call,
      httpMethod: 'GET',
      message: null,
      sessionId: 's2',
      headers: [
        ['mcp-protocol-version', '2025-11-25'],
        ['x-kept', 'accept'],
        ['accept', 'text/event-stream'],
        ['last-event-id', 'e7'],
      ].flat(),
    });
  });
});

describe('pauseBefore', () => {
  it.each([
    [null, 1000],
    [0, 100],
    [100, 100],
    [2500, 2500],
    [999_999_999, 30_000],
  ])('leaves a server alone that says %s for %i ms', (retryMs, pause) => {
    expect(pauseBefore({ lastEventId: 'e', retryMs })).toBe(pause);
  });
});
