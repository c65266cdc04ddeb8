import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAnonymous, type Principal } from '../core/principal.ts';
import type { Asking } from './asking.ts';
import { createOpenPassages, type EndOf, type OpenPassage } from './open-passages.ts';

const named = (id: string, expiresAt: number | null = null): Principal => ({ ...createAnonymous([]), id, expiresAt });

function passage(principal: Principal, stream = false): OpenPassage & { cuts: number } {
  const made = {
    asking: { stream, startedAt: Date.now(), phase: null } as Asking,
    principal,
    slot: -1,
    cuts: 0,
    cut: null as (() => void) | null,
  };
  made.cut = () => void (made.cuts += 1);
  return made;
}

describe('createOpenPassages', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1000 }));
  afterEach(() => void vi.useRealTimers());
  const errors: unknown[] = [];
  const create = (endOf: EndOf, record: (asking: Asking) => void = () => {}) =>
    createOpenPassages({ endOf, now: Date.now, record, onError: (error) => void errors.push(error) });

  it('cuts within a second what has ended, and nothing else', async () => {
    const ended = new Set<string>();
    const open = create(({ id, expiresAt }) => (ended.has(id) ? 0 : expiresAt));
    const [alice, bob, brief] = [passage(named('alice')), passage(named('bob')), passage(named('brief', 2000))];
    const deaf = { ...passage(named('alice')), cut: null };
    for (const each of [alice, bob, brief, deaf]) open.add(each);
    await vi.advanceTimersByTimeAsync(500);
    expect([alice.cuts, bob.cuts, brief.cuts]).toEqual([0, 0, 0]);
    ended.add('alice');
    await vi.advanceTimersByTimeAsync(250);
    expect([alice.cuts, bob.cuts, brief.cuts]).toEqual([1, 0, 0]);
    open.remove(alice);
    await vi.advanceTimersByTimeAsync(1000);
    expect([alice.cuts, bob.cuts > 0, brief.cuts > 0]).toEqual([1, false, true]);
  });

  it('has no timer when nothing is open, and one again when something is', async () => {
    const open = create(() => 0);
    expect(vi.getTimerCount()).toBe(0);
    const first = passage(named('alice'));
    open.add(first);
    open.remove(first);
    await vi.advanceTimersByTimeAsync(250);
    expect([vi.getTimerCount(), open.size]).toEqual([0, 0]);
    const second = passage(named('alice'));
    open.add(second);
    await vi.advanceTimersByTimeAsync(250);
    expect(second.cuts).toBe(1);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('closed');
      },
    ],
    ['rejects', () => Promise.reject(new Error('closed'))],
  ] as const)('goes by the expiry that is known while the store %s', async (_how, endOf) => {
    const open = create(endOf);
    const [brief, long] = [passage(named('brief', 1500)), passage(named('long'))];
    open.add(brief);
    open.add(long);
    await vi.advanceTimersByTimeAsync(1000);
    expect([brief.cuts > 0, long.cuts]).toEqual([true, 0]);
  });

  it('waits for a slow store, and cuts nothing that ended meanwhile', async () => {
    let asked = 0;
    const open = create(() => {
      asked += 1;
      return new Promise((resolve) => setTimeout(resolve, 1000, 0));
    });
    const [gone, here] = [passage(named('gone')), passage(named('here'))];
    open.add(gone);
    open.add(here);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toBe(1);
    open.remove(gone);
    await vi.advanceTimersByTimeAsync(250);
    expect([gone.cuts, here.cuts]).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(2000);
    expect([gone.cuts, here.cuts > 0]).toEqual([0, true]);
  });

  it('tells of what cannot be cut, and goes on with the others', async () => {
    const open = create(() => 0);
    const stuck = {
      ...passage(named('a')),
      cut: () => {
        throw new Error('stuck');
      },
    };
    const next = passage(named('b'));
    open.add(stuck);
    open.add(next);
    await vi.advanceTimersByTimeAsync(250);
    expect([String(errors.at(-1)), next.cuts]).toEqual(['Error: stuck', 1]);
  });

  it('has what lasts recorded once, also what cannot be cut, and while the store is slow', async () => {
    const recorded: Asking[] = [];
    const open = create(
      () => new Promise(() => {}),
      (asking) => {
        recorded.push(asking);
        if (recorded.length === 1) throw new Error('cannot be written');
      },
    );
    const [first, deaf, brief] = [passage(named('a')), { ...passage(named('b')), cut: null }, passage(named('c'))];
    for (const each of [first, deaf, brief]) open.add(each);
    await vi.advanceTimersByTimeAsync(750);
    open.remove(brief);
    await vi.advanceTimersByTimeAsync(1000);
    expect(recorded).toEqual([first.asking, deaf.asking]);
    expect(recorded.map(({ phase }) => phase)).toEqual(['ended', 'ended']);
    expect(String(errors.at(-1))).toBe('Error: cannot be written');
  });

  it('counts the streams of a principal', () => {
    const open = create(() => null);
    const alice = named('alice');
    const [one, two, call] = [passage(alice, true), passage(alice, true), passage(alice)];
    for (const each of [one, two, call]) open.add(each);
    expect([open.streamsOf(alice), open.streamsOf(named('bob')), open.toArray().length]).toEqual([2, 0, 3]);
    open.remove(one);
    open.remove(one);
    expect(open.streamsOf(alice)).toBe(1);
    open.remove(two);
    open.remove(call);
    expect([open.streamsOf(alice), open.size]).toEqual([0, 0]);
  });
});
