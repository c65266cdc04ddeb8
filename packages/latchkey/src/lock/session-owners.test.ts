import { describe, expect, it } from 'vitest';
import { createAnonymous, type Principal } from '../core/principal.ts';
import { createSessionOwners } from './session-owners.ts';

const named = (id: string, client: string | null = null): Principal => ({ ...createAnonymous([]), id, client });
const [alice, bob] = [named('alice'), named('bob')];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('createSessionOwners', () => {
  it('knows whose a session is, until it ends', () => {
    const sessions = createSessionOwners();
    sessions.open('s', alice, 0);
    expect([sessions.isOwn('s', alice, 0), sessions.isOwn('s', bob, 0), sessions.isOwn('t', alice, 0)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(sessions.isOwn('s', named('alice', 'client'), 0)).toBe(false);
    sessions.end('s');
    sessions.end('s');
    expect([sessions.isOwn('s', alice, 0), sessions.countOf(alice)]).toEqual([false, 0]);
  });

  it('counts for each principal, also when an id is opened again', () => {
    const sessions = createSessionOwners();
    for (const id of ['a', 'b', 'a']) sessions.open(id, alice, 0);
    expect(sessions.countOf(alice)).toBe(2);
    sessions.open('a', bob, 0);
    expect([sessions.countOf(alice), sessions.countOf(bob), sessions.isOwn('a', alice, 0)]).toEqual([1, 1, false]);
  });

  it('forgets, when asked, the one that its owner left alone for longest, a minute at least', () => {
    const sessions = createSessionOwners();
    for (const id of ['used', 'left', 'longer', 'busy']) sessions.open(id, alice, 0);
    sessions.open('other', bob, 0);
    sessions.isOwn('left', alice, 2);
    sessions.isOwn('longer', alice, 1);
    const ask = (now: number) => sessions.makeRoom(alice, now, (id) => id === 'busy' || id === 'used');
    expect([ask(MINUTE), ask(MINUTE + 1), ask(MINUTE + 1), ask(MINUTE + 2), ask(HOUR)]).toEqual([1, 0, 1, 0, MINUTE]);
    // A clock that was set back makes nobody wait for longer.
    sessions.open('later', bob, HOUR);
    sessions.end('other');
    expect(sessions.makeRoom(bob, 0, () => false)).toBe(MINUTE);
    sessions.open('other', bob, 0);
    sessions.end('later');
    const isOwn = (id: string) => sessions.isOwn(id, alice, 0);
    expect(['used', 'left', 'longer', 'busy'].filter(isOwn)).toEqual(['used', 'busy']);
    expect([sessions.countOf(alice), sessions.countOf(bob)]).toEqual([2, 1]);
  });

  it('lets nobody wait for as long as the clock was set back', () => {
    const sessions = createSessionOwners();
    const ask = (now: number) => sessions.makeRoom(alice, now, () => false);
    for (const id of ['first', 'second']) sessions.open(id, alice, 2 * HOUR);
    expect(ask(HOUR)).toBe(MINUTE);
    expect(ask(HOUR + MINUTE - 1)).toBe(1);
    expect(ask(HOUR + MINUTE)).toBe(0);
    expect(sessions.countOf(alice)).toBe(1);
  });

  it('forgets the one that was used longest ago when there are ten thousand', () => {
    const sessions = createSessionOwners();
    for (let at = 0; at < 10_000; at += 1) sessions.open(`s${at}`, alice, at);
    sessions.isOwn('s0', alice, 20_000);
    sessions.open('more', bob, 20_001);
    expect(['s0', 's1', 's2'].map((id) => sessions.isOwn(id, alice, 0))).toEqual([true, false, true]);
    expect(sessions.countOf(alice)).toBe(9_999);
  });
});
