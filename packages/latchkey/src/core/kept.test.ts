import { describe, expect, it } from 'vitest';
import { createKept } from './kept.ts';

const FRESH = 10_000;
const MAX_AGE = 60_000;

function create() {
  const asked: number[] = [];
  let fails = false;
  const kept = createKept({
    load: async (now) => {
      asked.push(now);
      if (fails) throw new Error(`down at ${now}`);
      return { value: `value of ${now}`, freshMs: FRESH };
    },
    maxAgeMs: MAX_AGE,
    coolDownMs: 5000,
  });
  return { kept, asked, fail: (down: boolean) => void (fails = down) };
}

/** Each question is answered by hand. */
function createApart() {
  const asked: number[] = [];
  const answers: ((value: string) => void)[] = [];
  const failures: ((error: Error) => void)[] = [];
  const kept = createKept({
    load: async (now) => {
      asked.push(now);
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      answers.push(resolve);
      failures.push(reject);
      return { value: await promise, freshMs: FRESH };
    },
    maxAgeMs: MAX_AGE,
    apart: true,
  });
  return { kept, asked, answers, failures };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('createKept', () => {
  it('asks once for all who wait, and not again while the value is fresh', async () => {
    const { kept, asked } = create();
    expect(kept.peek(0)).toBe(null);
    expect(await Promise.all([kept.get(0), kept.get(1), kept.get(2)])).toEqual(Array(3).fill('value of 0'));
    expect(kept.peek(7999)).toBe('value of 0');
    expect(asked).toEqual([0]);
  });

  it('asks in the background when the value grows old, and has callers wait once it is', async () => {
    const { kept, asked } = create();
    await kept.get(0);
    expect(kept.peek(8000)).toBe('value of 0');
    await turn();
    expect(kept.peek(8001)).toBe('value of 8000');
    expect(kept.peek(18_000)).toBe(null);
    expect(await kept.get(18_000)).toBe('value of 18000');
    expect(asked).toEqual([0, 8000, 18_000]);
  });

  it('serves what is old to its bound while asking fails, at a bounded rate and without a wait', async () => {
    const { kept, asked, fail } = create();
    await kept.get(0);
    fail(true);
    expect(await kept.get(10_000)).toBe('value of 0');
    for (let now = 10_001; now < 15_000; now += 100) expect(kept.peek(now)).toBe('value of 0');
    expect(asked).toEqual([0, 10_000]);
    expect(kept.peek(15_000)).toBe('value of 0');
    await turn();
    expect(kept.peek(59_999)).toBe('value of 0');
    await turn();
    expect(kept.peek(60_000)).toBe(null);
    await expect(kept.get(60_000)).rejects.toThrow('down at 59999');
    fail(false);
    expect(await kept.get(65_000)).toBe('value of 65000');
  });

  it('rejects with the last failure during the cool-down', async () => {
    const { kept, asked, fail } = create();
    fail(true);
    await expect(kept.get(0)).rejects.toThrow('down at 0');
    fail(false);
    await expect(kept.get(4999)).rejects.toThrow('down at 0');
    expect(await kept.get(5000)).toBe('value of 5000');
    expect(asked).toEqual([0, 5000]);
  });

  it('answers at once while the value is fresh', async () => {
    const { kept, asked } = create();
    await kept.get(0);
    expect(await kept.get(1000)).toBe('value of 0');
    expect(asked).toEqual([0]);
  });

  it('has all who renew at a time wait for the same answer', async () => {
    const { kept, asked } = create();
    await kept.get(0);
    expect(await Promise.all([kept.renew(1000), kept.renew(1001)])).toEqual(['value of 1000', 'value of 1000']);
    expect(asked).toEqual([0, 1000]);
  });

  it('renews once per cool-down', async () => {
    const { kept, asked } = create();
    await kept.get(0);
    expect(await kept.renew(1000)).toBe('value of 1000');
    expect(await kept.renew(5999)).toBe('value of 1000');
    expect(await kept.renew(6000)).toBe('value of 6000');
    expect(asked).toEqual([0, 1000, 6000]);
  });

  it('does not renew what is as new as the request, and counts that as renewed', async () => {
    const { kept, asked } = create();
    await kept.get(0);
    expect(await kept.renew(0)).toBe('value of 0');
    expect(await kept.renew(100)).toBe('value of 0');
    expect(asked).toEqual([0]);
  });

  it('rejects a renewal that failed, though the old value still serves others', async () => {
    const { kept, fail } = create();
    await kept.get(0);
    fail(true);
    await expect(kept.renew(1000)).rejects.toThrow('down at 1000');
    await expect(kept.renew(1001)).rejects.toThrow('down at 1000');
    expect(kept.peek(1002)).toBe('value of 0');
  });

  it('asks again after the clock was set back', async () => {
    const { kept } = create();
    await kept.get(100_000);
    expect(await kept.get(0)).toBe('value of 0');
  });

  describe('where requests are apart', () => {
    it('has nobody wait for what another one asked, and asks nothing in the background', async () => {
      const { kept, asked, answers } = createApart();
      const [first, second] = [kept.get(0), kept.get(1)];
      // The request that asked first has ended, and its question with it.
      answers[1]?.('second');
      expect(await second).toBe('second');
      expect(kept.peek(10_000)).toBe('second');
      expect(kept.peek(10_001)).toBe(null);
      expect(asked).toEqual([0, 1]);
      const third = kept.get(10_001);
      answers[2]?.('third');
      expect(await third).toBe('third');
      answers[0]?.('first');
      await first;
    });

    it('does not tell that something is missing while another request asks for it', async () => {
      const { kept, asked, answers } = createApart();
      const held = kept.get(0);
      answers[0]?.('held');
      await held;
      const renewed = kept.renew(1000);
      await expect(kept.renew(1001)).rejects.toThrow('another request is asking');
      answers[1]?.('renewed');
      expect(await renewed).toBe('renewed');
      expect(await kept.renew(1002)).toBe('renewed');
      expect(asked).toEqual([0, 1000]);
    });

    it('asks again after the cool-down, though the question before was never answered', async () => {
      const { kept, answers } = createApart();
      void kept.renew(0);
      const again = kept.renew(5000);
      answers[1]?.('again');
      expect(await again).toBe('again');
      expect(await kept.renew(5001)).toBe('again');
    });

    it('serves what is old while asking fails', async () => {
      const { kept, answers, failures } = createApart();
      const held = kept.get(0);
      answers[0]?.('held');
      await held;
      const old = kept.get(10_000);
      failures[1]?.(new Error('down'));
      expect(await old).toBe('held');
      expect(await kept.get(10_001)).toBe('held');
    });
  });
});
