import { describe, expect, it } from 'vitest';
import { bytesOf } from '../core/bytes.ts';
import { parseMessage } from '../core/parse-message.ts';
import type { Asking } from './asking.ts';
import { matchOutsideSession } from './match-outside-session.ts';

const cancelled = { method: 'notifications/cancelled', params: { requestId: 7 } };

function ask(message: object | null, era: Asking['era'] = 'legacy', sessionId: string | null = null): Asking {
  const parsed = message === null ? null : parseMessage(bytesOf(JSON.stringify({ jsonrpc: '2.0', ...message })));
  if (parsed?.kind === 'refused') throw new TypeError(parsed.refusal.reason);
  return { message: parsed?.message ?? null, era, headers: { sessionId } } as Asking;
}

describe('matchOutsideSession', () => {
  it('leaves requests alone, what has no message, and what is of a session', () => {
    const all = [
      ask(null),
      ask({ id: 1, method: 'ping' }),
      ask(cancelled, 'legacy', 's'),
      ask({ id: 1, result: {} }, 'legacy', 's'),
    ];
    expect(all.map((asking) => matchOutsideSession(asking, () => false))).toEqual([null, null, null, null]);
  });

  it('has nobody answer for another, and no progress or cancellation reach another’s call', () => {
    expect(matchOutsideSession(ask({ id: 1, result: {} }), () => true)).toEqual({ reason: 'session-missing' });
    const progress = { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } };
    expect(matchOutsideSession(ask(progress), () => true)).toBe('accept');
    expect(matchOutsideSession(ask(cancelled), () => false)).toBe('accept');
    expect(matchOutsideSession(ask({ method: 'notifications/cancelled' }), () => true)).toBe('accept');
    expect(matchOutsideSession(ask(cancelled, 'modern', 's'), () => true)).toBe('accept');
  });

  it('passes the cancellation of the caller’s own call, and other notifications', () => {
    const asked: string[] = [];
    expect(matchOutsideSession(ask(cancelled), (id) => asked.push(id) > 0)).toBeNull();
    expect(asked).toEqual(['7']);
    expect(matchOutsideSession(ask({ method: 'notifications/initialized' }), () => false)).toBeNull();
  });
});
