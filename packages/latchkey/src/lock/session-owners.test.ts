import { describe, expect, it } from 'vitest';
import { createAnonymous, type Principal } from '../core/principal.ts';
import { createSessionOwners } from './session-owners.ts';

const named = (id: string, client: string | null = null): Principal => ({ ...createAnonymous([]), id, client });
const [alice, bob] = [named('alice'), named('bob')];
const HALF_AN_HOUR = 30 * 60_000;
const idle = () => false;

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

  it('forgets, when asked, what its owner left alone for half an hour', () => {
    const sessions = createSessionOwners();
    for (const id of ['left', 'used', 'busy']) sessions.open(id, alice, 0);
    sessions.open('other', bob, 0);
    expect(sessions.isOwn('used', alice, 1)).toBe(true);
    sessions.reap(alice, HALF_AN_HOUR - 1, idle);
    expect(sessions.countOf(alice)).toBe(3);
    sessions.reap(alice, HALF_AN_HOUR, (id) => id === 'busy');
    expect(['left', 'used', 'busy'].map((id) => sessions.isOwn(id, alice, HALF_AN_HOUR))).toEqual([false, true, true]);
    expect(sessions.countOf(bob)).toBe(1);
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
