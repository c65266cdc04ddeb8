import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAnswer } from '../../../../../test/fixtures/answer-collector.ts';
import { parseMessage } from '../../core/parse-message.ts';
import { refuse } from '../../core/reason.ts';
import { toResult } from './json.ts';
import { createReply, Reply } from './reply.ts';

const BOTH = ['accept', 'application/json, text/event-stream'];

function open(method = 'tools/call', headers: readonly string[] = BOTH) {
  const parsed = parseMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name: 'echo' } })));
  if (parsed.kind === 'refused') throw new Error('no message');
  const answer = createAnswer();
  return { answer, reply: createReply({ message: parsed.message, headers }, answer) };
}

describe('createReply', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('begins a stream when a call takes long, so that nobody takes it for dead', () => {
    const { answer, reply } = open();
    vi.advanceTimersByTime(14_000);
    expect(answer.status).toBe(0);
    vi.advanceTimersByTime(2000);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    vi.advanceTimersByTime(25_000);
    expect(answer.body).toBe(':\n\n');
    reply.finish(toResult('1', '{}'), 404);
    expect(answer.messages).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
    vi.advanceTimersByTime(60_000);
  });

  it('says on the stream what went wrong later', () => {
    const { answer, reply } = open();
    vi.advanceTimersByTime(16_000);
    reply.fail(refuse('upstream-timeout'), 'too late');
    expect([answer.refusal, answer.messages]).toMatchObject([null, [{ id: 1, error: { code: -32603 } }]]);
  });

  it.each<[string, string | undefined, readonly string[]]>([
    ['a caller that takes JSON only', undefined, ['accept', 'application/json']],
    ['a caller that takes anything', undefined, ['accept', '*/*']],
    ['initialize, whose answer names the session', 'initialize', BOTH],
  ])('waits with %s', (_what, method, headers) => {
    const { answer, reply } = open(method, headers);
    vi.advanceTimersByTime(60_000);
    expect(answer.status).toBe(0);
    reply.finish(toResult('1', '{}'));
    expect(answer.headers.get('content-type')).toBe('application/json');
  });

  it('is for its caller alone, as a document and as a stream', () => {
    const { answer, reply } = open();
    reply.finish(toResult('1', '{}'));
    const streamed = open();
    streamed.reply.stream();
    streamed.reply.close();
    expect([answer, streamed.answer].map(({ headers }) => headers.get('cache-control'))).toEqual([
      'no-store',
      'no-store, no-transform',
    ]);
  });

  it('has nothing to begin once it is over', () => {
    const { answer, reply } = open();
    reply.finish(toResult('1', '{}'));
    const left = open();
    left.answer.leave();
    vi.advanceTimersByTime(60_000);
    expect([answer.headers.get('content-type'), left.answer.status]).toEqual(['application/json', 0]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('Reply', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const PIECE = Buffer.from(JSON.stringify('a'.repeat(1024 * 1024)));

  it('is cut where its caller leaves more than 4 MiB unread, and says so once', () => {
    const { answer, reply } = open();
    const gone = vi.fn<() => void>();
    reply.onGone = gone;
    answer.stall();
    for (let piece = 0; piece < 4; piece += 1) reply.event(PIECE);
    expect([answer.outcome, gone.mock.calls.length]).toEqual(['open', 0]);
    for (let piece = 0; piece < 4; piece += 1) reply.event(PIECE);
    answer.leave();
    expect([answer.outcome, reply.done, gone.mock.calls.length, vi.getTimerCount()]).toEqual(['cut', true, 1, 0]);
  });

  it('goes on for a caller that reads late, or as fast as it is written to', () => {
    const late = open();
    const fast = open();
    for (let round = 0; round < 3; round += 1) {
      late.answer.stall();
      for (let piece = 0; piece < 4; piece += 1) {
        late.reply.event(PIECE);
        fast.reply.event(PIECE);
      }
      late.answer.drain();
    }
    expect([late.answer.outcome, fast.answer.outcome]).toEqual(['open', 'open']);
  });

  it.each<[string, (one: ReturnType<typeof open>) => void, object]>([
    ['its response', ({ reply }) => reply.finish(toResult('1', '{}'), 404), { status: 404, outcome: 'ended' }],
    ['an end without one', ({ reply }) => reply.close(), { status: 200, outcome: 'ended' }],
    ['a refusal', ({ reply }) => reply.fail(refuse('upstream-timeout'), 'late'), { status: 0, outcome: 'failed' }],
    ['its caller’s leaving', ({ answer }) => answer.leave(), { status: 0, outcome: 'open' }],
  ])('says nothing after %s', (_what, end, expected) => {
    const { answer, reply } = open();
    end({ answer, reply });
    const { outcome, body, refusal } = answer;
    reply.event(toResult('1', '{}'));
    reply.stream();
    reply.finish(toResult('1', '{}'));
    reply.close();
    reply.fail(refuse('internal'), 'late');
    vi.advanceTimersByTime(60_000);
    expect(answer).toMatchObject({ outcome, body, refusal, ...expected });
    expect([reply.done, reply.streaming]).toEqual([true, false]);
  });

  it('is one line for each event, whatever the server wrote between the parts of its JSON', () => {
    const { answer, reply } = open();
    reply.event(Buffer.from('{"a":\r1,\r"id":7}'), [{ start: 14, end: 15, text: '"own"' }]);
    expect(answer.body).toBe('event: message\ndata: {"a": 1, "id":"own"}\n\n');
  });

  it('that answers no request is cut, not answered, by what goes wrong', () => {
    const answer = createAnswer();
    const reply = new Reply(answer, 'null');
    reply.stream();
    reply.fail(refuse('internal'), 'lost');
    expect([answer.outcome, answer.body, reply.done]).toEqual(['cut', '', true]);
  });
});
