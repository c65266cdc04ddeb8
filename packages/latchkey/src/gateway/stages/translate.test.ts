import { describe, expect, it } from 'vitest';
import { stageGateway, type SentToStage } from '../../../../../test/fixtures/stages.ts';
import { scanStage } from './scan.ts';
import { translateStage } from './translate.ts';

const CALL = '/mcp/tools/call';
const FORGED = {
  accept: 'application/json',
  'user-agent': 'me',
  'mcp-param-region': 'eu',
  'accept-language': 'mcp-param-de',
  'mcp-protocol-version': '2025-03-26',
  'mcp-method': 'tools/list',
  'mcp-name': 'other',
  'mcp-session-id': 'own',
  'last-event-id': '7',
  'mcp-param-x': '1',
};

/** A plain request as it comes to the stage; no scanner read its body. */
function translate(target: string, body: string | null, sent: SentToStage = {}) {
  const gateway = stageGateway();
  const bytes = body === null ? null : Buffer.from(body);
  const method = bytes === null ? 'GET' : 'POST';
  const exchange = gateway.exchange({ target, method, ...sent, with: { body: bytes, ...sent.with } });
  const result = translateStage(gateway.state).run(exchange);
  return { result, exchange, gateway, text: exchange.body === null ? null : Buffer.from(exchange.body).toString() };
}

const resultOf = (body: string) => translate(CALL, body).result;

describe('translateStage', () => {
  it('leaves alone what is a message already, and what has none', () => {
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    for (const [target, body] of [
      ['/mcp', message],
      ['/mcp', null],
      ['/messages', message],
      ['/nowhere', null],
    ] as const) {
      const { result, exchange, text } = translate(target, body, { headers: FORGED });
      expect([result, text]).toEqual([null, body]);
      expect(exchange.headers).toMatchObject({ mcpName: 'other', sessionId: 'own', accept: 'application/json' });
      expect(exchange.headers.passed).toContain('mcp-param-region');
    }
  });

  it('makes a call of a plain one, with the very bytes of its parts', () => {
    const { result, text } = translate(CALL, '{"params" : {"b": 1.0, "a":"\\u0041"},\n"tool":"ech\\u006f"}');
    expect(result).toBeNull();
    expect(JSON.parse(text ?? '')).toMatchObject({ method: 'tools/call', params: { name: 'echo' } });
    expect(text).toContain('"name":"ech\\u006f","arguments":{"b": 1.0, "a":"\\u0041"},');
  });

  it('makes the question for the list of one that has no body', () => {
    const { result, text, exchange } = translate('/mcp/tools', null, { headers: FORGED });
    expect(result).toBeNull();
    expect(JSON.parse(text ?? '')).toMatchObject({ method: 'tools/list' });
    expect(exchange.headers).toMatchObject({ mcpMethod: 'tools/list', mcpName: null });
  });

  it('takes no word of the caller’s for what the message says', () => {
    const { exchange } = translate(CALL, '{"tool":"echo"}', { headers: FORGED });
    expect(exchange.headers).toMatchObject({
      protocolVersion: '2026-07-28',
      mcpMethod: 'tools/call',
      mcpName: 'echo',
      sessionId: null,
      lastEventId: null,
      accept: null,
      passed: ['user-agent', 'me', 'accept-language', 'mcp-param-de'],
    });
  });

  it('makes what the scanner takes, whatever was forged and whatever the tool is called', () => {
    for (const name of ['echo', 'süd', '', ' a ', '=?base64?ZWNobw==?=', 'a"b\\c']) {
      const { exchange, gateway } = translate(CALL, JSON.stringify({ tool: name, params: { a: 1 } }), {
        headers: FORGED,
      });
      expect(scanStage(gateway.state).run(exchange), `${name}`).toBeNull();
      expect([exchange.message?.method, exchange.message?.name, exchange.era]).toEqual(['tools/call', name, 'modern']);
    }
    const { exchange, gateway } = translate('/mcp/tools', null, { headers: FORGED });
    expect([scanStage(gateway.state).run(exchange), exchange.message?.method]).toEqual([null, 'tools/list']);
  });

  it('refuses what is no plain call, and changes nothing then', () => {
    expect(resultOf('{"tool":"echo"')).toEqual({ reason: 'json-malformed' });
    for (const body of ['[]', '"echo"', '{"tool":"a","tool":"b"}', '{"tool":"a","Tool":"b"}'])
      expect(resultOf(body), `${body}`).toMatchObject({ reason: 'message-invalid' });
    for (const body of ['{}', '{"tool":1}', '{"tool":"a","params":[]}', '{"tool":"a","_meta":{}}'])
      expect(resultOf(body), `${body}`).toMatchObject({ reason: 'params-invalid' });
    const { exchange, text } = translate(CALL, '{}', { headers: FORGED });
    expect([text, exchange.headers.mcpName, exchange.headers.sessionId]).toEqual(['{}', 'other', 'own']);
  });

  it('refuses a call whose body nobody read', () => {
    expect(translate(CALL, null).result).toEqual({ reason: 'internal' });
  });
});
