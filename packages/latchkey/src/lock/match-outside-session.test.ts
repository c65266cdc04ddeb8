import { describe, expect, it } from 'vitest';
import { bytesOf } from '../core/bytes.ts';
import { createAnonymous } from '../core/principal.ts';
import { parseMessage } from '../core/parse-message.ts';
import type { Asking } from './asking.ts';
import { matchOutsideSession } from './match-outside-session.ts';

const cancelled = { method: 'notifications/cancelled', params: { requestId: 7 } };

const call = { id: 7, method: 'tools/call', params: { name: 'x' } };

function ask(message: object | null, era: Asking['era'] = 'legacy', sessionId: string | null = null): Asking {
  const parsed = message === null ? null : parseMessage(bytesOf(JSON.stringify({ jsonrpc: '2.0', ...message })));
  if (parsed?.kind === 'refused') throw new TypeError(parsed.refusal.reason);
  const principal = createAnonymous([]);
  return { message: parsed?.message ?? null, era, headers: { sessionId }, principal } as Asking;
}

const own = (): readonly Asking[] => [ask(call), ask({ ...call, id: 8 }), ask(null)];

describe('matchOutsideSession', () => {
  it('leaves requests alone, what has no message, and what is of a session', () => {
    const all = [
      ask(null),
      ask({ id: 1, method: 'ping' }),
      ask(cancelled, 'legacy', 's'),
      ask({ id: 1, result: {} }, 'legacy', 's'),
    ];
    expect(all.map((asking) => matchOutsideSession(asking, () => []))).toEqual([null, null, null, null]);
  });

  it('has nobody answer for another, and no progress or cancellation reach another’s call', () => {
    const others = [{ ...ask(call), principal: { ...createAnonymous([]), id: 'bob' } }, ...own()];
    expect(matchOutsideSession(ask({ id: 1, result: {} }), own)).toEqual({ reason: 'session-missing' });
    const progress = { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } };
    expect(matchOutsideSession(ask(progress), own)).toBe('accept');
    expect(matchOutsideSession(ask(cancelled), () => [])).toBe('accept');
    expect(matchOutsideSession(ask(cancelled), () => [ask(call, 'legacy', 's')])).toBe('accept');
    expect(matchOutsideSession(ask(cancelled), () => others)).toBe('accept');
    expect(matchOutsideSession(ask({ method: 'notifications/cancelled' }), own)).toBe('accept');
    expect(matchOutsideSession(ask(cancelled, 'modern', 's'), own)).toBe('accept');
  });

  it('passes the cancellation of the caller’s own call, and other notifications', () => {
    expect(matchOutsideSession(ask(cancelled), own)).toBeNull();
    expect(matchOutsideSession(ask({ method: 'notifications/initialized' }), () => [])).toBeNull();
  });
});
