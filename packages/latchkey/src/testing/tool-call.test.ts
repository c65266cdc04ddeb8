import { describe, expect, it } from 'vitest';
import { decodeHeaderValue } from '../core/mcp-header.ts';
import { createToolCall } from './tool-call.ts';

const URL_OF_SERVER = 'http://127.0.0.1:1/mcp';

describe('createToolCall', () => {
  it('is a call of revision 2026-07-28, whose headers say what the body says', async () => {
    const request = createToolCall(URL_OF_SERVER, { token: 't', tool: 'read file', args: { path: '/' } });
    expect([request.method, request.url]).toEqual(['POST', URL_OF_SERVER]);
    expect(Object.fromEntries(request.headers)).toMatchObject({
      authorization: 'Bearer t',
      'mcp-method': 'tools/call',
      'mcp-name': 'read file',
      'mcp-protocol-version': '2026-07-28',
    });
    expect(await request.json()).toMatchObject({
      method: 'tools/call',
      params: { name: 'read file', arguments: { path: '/' } },
    });
  });

  it('says nothing of its caller without a token, and has other headers over its own', () => {
    const { headers } = createToolCall(URL_OF_SERVER, { tool: 'x', headers: { 'mcp-name': 'y', 'x-api-key': 'k' } });
    expect([headers.has('authorization'), headers.get('mcp-name'), headers.get('x-api-key')]).toEqual([
      false,
      'y',
      'k',
    ]);
  });

  it('names any tool', () => {
    for (const tool of ['déjà vu', ' x', 'x ', '=?base64?eA==?=', '令牌', 'a\nb'])
      expect(decodeHeaderValue(createToolCall(URL_OF_SERVER, { tool }).headers.get('mcp-name') ?? '')).toBe(tool);
  });
});
