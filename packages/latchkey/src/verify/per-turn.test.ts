import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { perTurn } from './per-turn.ts';

describe('perTurn', () => {
  it('asks once for all who want to know in one turn, and again in the next', async () => {
    let asked = 0;
    const ask = perTurn(() => ++asked);
    expect([ask(), ask(), ask()]).toEqual([1, 1, 1]);
    await Promise.resolve();
    expect(ask()).toBe(1);
    await nextTurn();
    expect([ask(), ask()]).toEqual([2, 2]);
  });

  it('does not ask before anybody wants to know, and shares no answer that is none', async () => {
    let asked = 0;
    const ask = perTurn(() => {
      asked += 1;
      if (asked === 1) throw new Error('unreadable');
      return undefined;
    });
    await nextTurn();
    expect(asked).toBe(0);
    expect(ask).toThrow('unreadable');
    expect([ask(), ask(), asked]).toEqual([undefined, undefined, 2]);
  });
});
