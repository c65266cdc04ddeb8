import { describe, expect, it } from 'vitest';
import { createAnonymous, type Principal } from '../core/principal.ts';
import type { ProtectedServer } from './exchange.ts';
import { createSessions } from './sessions.ts';

const KEY = '11'.repeat(32);
const LIMITS = { sessionIdleMs: 1000, sessionYieldMs: 100 };
const ended: string[] = [];
const server = {
  name: 'a',
  upstream: { endSession: (id: string) => void ended.push(id) },
} as unknown as ProtectedServer;
const other = { ...server, name: 'b' } as ProtectedServer;
const person = (id: string): Principal => ({ ...createAnonymous([]), id });

describe('createSessions', () => {
  it('gives the upstream id back to its owner only', () => {
    const sessions = createSessions(KEY, LIMITS);
    const sealed = sessions.open(server, person('alice'), 'abc', 0);
    expect(sealed).toMatch(/^abc\.[0-9a-f]{32}$/);
    expect(sessions.unseal(server, person('alice'), sealed, 1)).toBe('abc');
    expect(sessions.unseal(server, person('bob'), sealed, 1)).toBeNull();
    expect(sessions.unseal(other, person('alice'), sealed, 1)).toBeNull();
  });

  it('knows its seal again after a restart, and nobody else’s', () => {
    const sealed = createSessions(KEY, LIMITS).open(server, person('alice'), 'abc', 0);
    const restarted = createSessions(KEY, LIMITS);
    for (const forged of [
      `${sealed.slice(0, -1)}${sealed.endsWith('0') ? '1' : '0'}`,
      `x${sealed}`,
      'abc',
      'abc.',
      '.',
      `abc.${'0'.repeat(32)}`,
      'a'.repeat(10_000),
    ]) {
      expect(restarted.unseal(server, person('alice'), forged, 0)).toBeNull();
    }
    expect(restarted.unseal(server, person('bob'), sealed, 0)).toBeNull();
    expect(restarted.unseal(server, person('alice'), sealed, 0)).toBe('abc');
    expect(restarted.countOf(person('alice'))).toBe(1);
    // A server whose session has no id has none; and nobody makes the gateway hash for nothing.
    const nameless = createSessions(KEY, LIMITS).open(server, person('alice'), '', 0);
    expect(restarted.unseal(server, person('alice'), nameless, 0)).toBeNull();
    const ids = ['k'.repeat(4096 - 33), 'k'.repeat(4097 - 33)];
    const bounds = ids.map((id) => createSessions(KEY, LIMITS).open(server, person('alice'), id, 0));
    expect(bounds.map((each) => createSessions(KEY, LIMITS).unseal(server, person('alice'), each, 0))).toEqual([
      ids[0],
      null,
    ]);
    const token = 'j'.repeat(2000);
    const long = createSessions(KEY, LIMITS).open(server, person('alice'), token, 0);
    expect(restarted.unseal(server, person('alice'), long, 0)).toBe(token);
  });

  it('ends idle sessions, tells the upstream, and does not take them up again', () => {
    const sessions = createSessions(KEY, LIMITS);
    const sealed = sessions.open(server, person('alice'), 'idle', 0);
    sessions.reap(999, () => false);
    expect(sessions.countOf(person('alice'))).toBe(1);
    sessions.reap(1000, () => false);
    expect([sessions.countOf(person('alice')), ended.at(-1)]).toEqual([0, 'idle']);
    expect(sessions.unseal(server, person('alice'), sealed, 1001)).toBeNull();
  });

  it('counts the idle time of a session from the end of its last request', () => {
    const sessions = createSessions(KEY, LIMITS);
    sessions.open(server, person('alice'), 'listening', 0);
    sessions.reap(1500, () => true);
    sessions.reap(2400, () => false);
    expect(sessions.countOf(person('alice'))).toBe(1);
    sessions.reap(2500, () => false);
    expect(sessions.countOf(person('alice'))).toBe(0);
  });

  it('ends the one that its owner left alone for longest, when another needs its place', () => {
    const sessions = createSessions(KEY, LIMITS);
    const [used, left, longer, busy] = ['used', 'left', 'longer', 'busy'].map((id) =>
      sessions.open(server, person('alice'), id, 0),
    ) as [string, string, string, string];
    sessions.open(other, person('bob'), 'bob', 0);
    sessions.unseal(server, person('alice'), left, 2);
    sessions.unseal(server, person('alice'), longer, 1);
    sessions.unseal(server, person('alice'), used, 50);
    ended.length = 0;
    const ask = (now: number) => sessions.makeRoom(person('alice'), now, (sealed) => sealed === busy);
    expect([100, 101, 101, 102, 149].map(ask)).toEqual([1, 0, 1, 0, 1]);
    expect(ended).toEqual(['longer', 'left']);
    expect(sessions.unseal(server, person('alice'), left, 150)).toBeNull();
    expect([sessions.countOf(person('alice')), sessions.countOf(person('bob'))]).toEqual([2, 1]);
    expect(sessions.makeRoom(person('alice'), 150, () => true)).toBeNull();
    expect(sessions.makeRoom(person('alice'), -1000, () => false)).toBe(100);
    expect(sessions.makeRoom(person('carol'), 1000, () => false)).toBeNull();
  });

  it('remembers the last ten thousand that ended', () => {
    const sessions = createSessions(KEY, LIMITS);
    const sealed = Array.from({ length: 10_001 }, (_, at) => sessions.open(server, person('alice'), `s${at}`, 0));
    for (const each of sealed) sessions.end(each);
    const known = [0, 1, 10_000].map((at) => sessions.unseal(server, person('alice'), sealed[at] as string, 0));
    expect(known).toEqual(['s0', null, null]);
    sessions.close('of nobody');
    expect(sessions.countOf(person('alice'))).toBe(1);
  });

  it('ends no session because the clock was set, and keeps none for as long as it jumped', () => {
    const days = 172_800_000;
    for (const jump of [days, -days]) {
      const sessions = createSessions(KEY, LIMITS);
      sessions.open(server, person('alice'), 'abc', days);
      sessions.reap(days + 1, () => false);
      sessions.reap(days + 2 + jump, () => false);
      expect(sessions.countOf(person('alice'))).toBe(1);
      sessions.reap(days + 1002 + jump, () => false);
      expect(sessions.countOf(person('alice'))).toBe(0);
    }
  });
});
