import { describe, expect, it } from 'vitest';
import { createUnansweredLists } from '../lock/unanswered-lists.ts';
import type { ProtectedServer } from './exchange.ts';
import { createOpenSessions, type OpenSession } from './open-sessions.ts';

const server = {} as ProtectedServer;
const sessionOf = (owner: string): OpenSession => ({
  upstreamId: 'abc',
  owner,
  server,
  lists: createUnansweredLists(),
  lastSeen: 0,
});

describe('createOpenSessions', () => {
  it('has sessions by their ids and by their owners until they end', () => {
    const open = createOpenSessions();
    const [one, two] = [sessionOf('alice'), sessionOf('alice')];
    open.add('one', one);
    open.add('two', two);
    open.add('three', sessionOf('bob'));
    expect([open.get('one'), [...open.of('alice')], open.of('carol').size]).toEqual([one, ['one', 'two'], 0]);
    expect(open.end('one')).toBe(one);
    expect([open.get('one'), [...open.of('alice')], [...open].length]).toEqual([undefined, ['two'], 2]);
    expect(open.end('two')).toBe(two);
    expect([[...open.of('alice')], [...open.of('bob')]]).toEqual([[], ['three']]);
  });

  it('remembers what ended, open or not, the last ten thousand of it', () => {
    const open = createOpenSessions();
    open.add('s0', sessionOf('alice'));
    for (let at = 0; at < 10_000; at += 1) open.end(`s${at}`);
    expect([open.end('of nobody'), open.end('another')]).toEqual([null, null]);
    expect(['s0', 's1', 's2', 'of nobody', 'open'].map(open.hasEnded)).toEqual([false, false, true, true, false]);
  });
});
