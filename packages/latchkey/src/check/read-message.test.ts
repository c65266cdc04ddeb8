import { describe, expect, it } from 'vitest';
import { holdsResponse, readMessage, readMessages } from './read-message.ts';
import type { Answer } from './reply.ts';

const answer = (body: string, type = 'application/json'): Answer => ({
  kind: 'answer',
  status: 200,
  body,
  headers: [['Content-Type', type]],
  cut: null,
  tls: null,
  durationMs: 1,
});
const RESULT = '{"jsonrpc":"2.0","id":1,"result":{}}';

describe('readMessages', () => {
  it('reads one, a batch and a stream with notifications between', () => {
    expect(readMessage(answer(RESULT))).toMatchObject({ id: 1 });
    expect(readMessages(answer(`[${RESULT},${RESULT}]`))).toHaveLength(2);
    const stream = `: hello\n\ndata: {"jsonrpc":"2.0","method":"x"}\n\nevent: message\r\ndata: {"jsonrpc":"2.0",\r\ndata: "id":2,"result":{}}\r\n\r\n`;
    expect(readMessages(answer(stream, 'text/event-stream; charset=utf-8'))).toMatchObject([{ id: 2 }]);
  });

  it('takes nothing else for a response', () => {
    for (const body of [
      '',
      '<html>',
      '{}',
      '{"result":{}}',
      '{"jsonrpc":"2.0","result":1}',
      '{"jsonrpc":"2.0","error":{}}',
    ])
      expect(readMessage(answer(body))).toBeNull();
  });
});

describe('holdsResponse', () => {
  it('is true only once the event has ended', () => {
    expect(holdsResponse(`data: ${RESULT}`)).toBe(false);
    expect(holdsResponse(`data: ${RESULT}\n`)).toBe(false);
    expect(holdsResponse(`data: ${RESULT}\n\n`)).toBe(true);
    expect(holdsResponse('data: {"jsonrpc":"2.0","method":"x"}\n\n')).toBe(false);
  });
});
