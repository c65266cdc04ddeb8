import { describe, expect, it } from 'vitest';
import { createAnonymous, type Principal } from '../core/principal.ts';
import type { ProtectedServer } from './exchange.ts';
import { createSessions } from './sessions.ts';

const KEY = '11'.repeat(32);
const ended: string[] = [];
const server = {
  name: 'a',
  upstream: { endSession: (id: string) => void ended.push(id) },
} as unknown as ProtectedServer;
const other = { ...server, name: 'b' } as ProtectedServer;
const person = (id: string): Principal => ({ ...createAnonymous([]), id });

describe('createSessions', () => {
  it('gives the upstream id back to its owner only', () => {
    const sessions = createSessions(KEY, 1000);
    const sealed = sessions.open(server, person('alice'), 'abc', 0);
    expect(sealed).toMatch(/^abc\.[0-9a-f]{32}$/);
    expect(sessions.unseal(server, person('alice'), sealed, 1)).toBe('abc');
    expect(sessions.unseal(server, person('bob'), sealed, 1)).toBeNull();
    expect(sessions.unseal(other, person('alice'), sealed, 1)).toBeNull();
  });

  it('knows its seal again after a restart, and nobody else’s', () => {
    const sealed = createSessions(KEY, 1000).open(server, person('alice'), 'abc', 0);
    const restarted = createSessions(KEY, 1000);
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
  });

  it('ends idle sessions, tells the upstream, and does not take them up again', () => {
    const sessions = createSessions(KEY, 1000);
    const sealed = sessions.open(server, person('alice'), 'idle', 0);
    sessions.reap(999, () => false);
    expect(sessions.countOf(person('alice'))).toBe(1);
    sessions.reap(1000, () => false);
    expect([sessions.countOf(person('alice')), ended.at(-1)]).toEqual([0, 'idle']);
    expect(sessions.unseal(server, person('alice'), sealed, 1001)).toBeNull();
  });

  it('counts the idle time of a session from the end of its last request', () => {
    const sessions = createSessions(KEY, 1000);
    sessions.open(server, person('alice'), 'listening', 0);
    sessions.reap(1500, () => true);
    sessions.reap(2400, () => false);
    expect(sessions.countOf(person('alice'))).toBe(1);
    sessions.reap(2500, () => false);
    expect(sessions.countOf(person('alice'))).toBe(0);
  });

  it('ends no session because the clock was set, and keeps none for as long as it jumped', () => {
    const days = 172_800_000;
    for (const jump of [days, -days]) {
      const sessions = createSessions(KEY, 1000);
      sessions.open(server, person('alice'), 'abc', days);
      sessions.reap(days + 1, () => false);
      sessions.reap(days + 2 + jump, () => false);
      expect(sessions.countOf(person('alice'))).toBe(1);
      sessions.reap(days + 1002 + jump, () => false);
      expect(sessions.countOf(person('alice'))).toBe(0);
    }
  });
});
