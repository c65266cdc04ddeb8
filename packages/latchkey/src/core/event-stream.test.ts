import { describe, expect, it } from 'vitest';
import { endsEvent, findEventEnd, isEventStream, toErrorEvent } from './event-stream.ts';

describe('isEventStream', () => {
  it.each([
    [['content-type', 'text/event-stream'], true],
    [['x-type', 'a', 'content-type', 'Text/Event-Stream; charset=utf-8'], true],
    [['content-type', 'application/json'], false],
    [['x-type', 'text/event-stream'], false],
    [[], false],
  ])('reads %j in any case: %s', (headers, stream) => {
    expect(isEventStream(headers)).toBe(stream);
  });
});

describe('endsEvent', () => {
  it('knows the end of an event, and says no when in doubt', () => {
    for (const end of ['data: 1\n\n', 'data: 1\r\n\r\n', ':\n\n', toErrorEvent('1', 'x')])
      expect([endsEvent(Buffer.from(end)), endsEvent(end)]).toEqual([true, true]);
    for (const middle of ['', '\n', 'data: 1\n', 'data: 1\r\n', 'data: 1', '\r\r'])
      expect([endsEvent(Buffer.from(middle)), endsEvent(middle)]).toEqual([false, false]);
  });
});

describe('findEventEnd', () => {
  it.each([
    ['rest of one\n\ndata: next', 13],
    ['a\r\n\r\ndata: next\n\n', 5],
    ['a\nb\n\n', 5],
    ['\n\n', 2],
    ['\n', -1],
    ['a\nb\nc', -1],
    ['a\n\r', -1],
    ['', -1],
  ])('finds where the first event of %j ends', (text, end) => {
    expect(findEventEnd(Buffer.from(text))).toBe(end);
    expect(endsEvent(Buffer.from(`x${text.slice(0, Math.max(end, 0))}`))).toBe(end !== -1);
  });
});

describe('toErrorEvent', () => {
  it('is a JSON-RPC error with the exact id', () => {
    const [, payload = ''] = toErrorEvent('"a\\u0041"', 'too "late"').split('data: ');
    expect(payload).toContain('"id":"a\\u0041"');
    expect(JSON.parse(payload)).toMatchObject({ id: 'aA', error: { code: -32603, message: 'too "late"' } });
  });
});
