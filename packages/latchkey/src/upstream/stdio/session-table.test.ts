import { describe, expect, it } from 'vitest';
import { SessionTable, type Session } from './session-table.ts';

/** Sessions by `owner` and a number; each was used so many milliseconds ago, or is in use. */
function createTable(sessions: Readonly<Record<string, number | null>>) {
  const table = new SessionTable(100);
  const ended: string[] = [];
  for (const [id, agoMs] of Object.entries(sessions)) {
    const session: Session = {
      idleSince: agoMs === null ? null : performance.now() - agoMs,
      underWay: agoMs === null ? 2 : 0,
      post() {},
      listen() {},
      async end() {
        ended.push(id);
        table.delete(id);
      },
    };
    table.add(id, id.slice(0, -1), session);
  }
  return { table, ended };
}

describe('SessionTable', () => {
  it('ends a caller’s own session that was left alone for longest', async () => {
    const { table, ended } = createTable({ a1: 400, a2: 300, a3: null, a4: 50 });
    expect([await table.makeRoom('a'), await table.makeRoom('a'), await table.makeRoom('a')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([ended, table.size]).toEqual([['a1', 'a2'], 2]);
    expect(['a1', 'a3'].map((id) => table.get(id) === undefined)).toEqual([true, false]);
    table.endAll();
    expect(ended).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('ends one of whoever has most, before one that was left alone for longer', async () => {
    for (const others of [
      { b1: 200, b2: 300, b3: 50 },
      { b2: 300, b1: 200, b3: 50 },
    ]) {
      for (const sessions of [
        { a1: 900, ...others },
        { ...others, a1: 900 },
      ]) {
        const { table, ended } = createTable(sessions);
        expect(await table.makeRoom('a')).toBe(true);
        expect(ended).toEqual(['b2']);
      }
    }
  });

  it('ends one that was used just now only where its owner has two more', async () => {
    const one = createTable({ a1: null, b1: 10, b2: 20 });
    expect([await one.table.makeRoom('a'), one.ended]).toEqual([false, []]);
    const two = createTable({ a1: null, b1: 10, b2: 20, b3: null, c1: 900 });
    expect([await two.table.makeRoom('a'), two.ended]).toEqual([true, ['b2']]);
    // The one that wants the place is there already, and has none yet.
    two.table.add('d1', 'd', { underWay: 0, post() {}, listen() {}, end() {} });
    two.table.add('e1', 'd', { underWay: 0, post() {}, listen() {}, end() {} });
    expect([await two.table.makeRoom('d'), two.ended]).toEqual([true, ['b2', 'b1']]);
    const used = createTable({ b1: null, b2: null });
    expect(await used.table.makeRoom('new')).toBe(false);
  });

  it('takes no place from someone who has as few', async () => {
    const { table, ended } = createTable({ a1: null, b1: 900, c1: 900 });
    expect(await table.makeRoom('a')).toBe(false);
    expect(await table.makeRoom('new')).toBe(true);
    expect(ended).toHaveLength(1);
  });

  it('counts those in use for their owner, and ends none of them', async () => {
    const { table, ended } = createTable({ a1: null, a2: null, b1: 900 });
    expect(await table.makeRoom('b')).toBe(true);
    expect(ended).toEqual(['b1']);
    expect(await table.makeRoom('b')).toBe(false);
  });

  it('ends none that has no process of its own', async () => {
    const table = new SessionTable(0);
    const ended: string[] = [];
    table.add('a1', 'a', { underWay: 0, post() {}, listen() {}, end: () => void ended.push('a1') });
    expect([await table.makeRoom('a'), ended]).toEqual([false, []]);
  });

  it('counts the calls under way of an owner', () => {
    const { table } = createTable({ a1: null, a2: null, a3: 10, b1: null });
    expect(['a', 'b', 'c'].map((owner) => table.underWayOf(owner))).toEqual([4, 2, 0]);
  });
});
