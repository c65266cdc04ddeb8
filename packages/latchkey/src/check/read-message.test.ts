import { describe, expect, it } from 'vitest';
import { createStreamReader, readMessage, readMessages } from './read-message.ts';
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

const follow = (...chunks: string[]) => {
  const reader = createStreamReader();
  return chunks.map((chunk) => reader(Buffer.from(chunk)));
};

describe('createStreamReader', () => {
  it('is done only once the event with the response has ended', () => {
    expect(follow(`data: ${RESULT}`, '\n', '\n')).toEqual([false, false, true]);
    expect(follow(': x\r\n\r\ndata: {"jsonrpc":"2.0","met', 'hod":"x"}\r\n\r\n', `data: ${RESULT}\r\n\r\n`)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('reads a character that came in two pieces', () => {
    const event = Buffer.from('data: {"jsonrpc":"2.0","id":1,"result":{"x":"é"}}\n\n');
    const reader = createStreamReader();
    const at = event.indexOf(0xc3) + 1;
    expect([reader(event.subarray(0, at)), reader(event.subarray(at))]).toEqual([false, true]);
  });

  it('gives up after more events than any response needs', () => {
    expect(follow('data: {}\n\n'.repeat(600), 'data: {}\n\n'.repeat(600))).toEqual([false, true]);
  });
});
