import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAnswer } from '../../../../../test/fixtures/answer-collector.ts';
import { parseMessage } from '../../core/parse-message.ts';
import { refuse } from '../../core/reason.ts';
import { toResult } from './json.ts';
import { createReply } from './reply.ts';

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
