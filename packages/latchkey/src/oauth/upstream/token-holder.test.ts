import { describe, expect, it } from 'vitest';
import { refuse, type Refusal } from '../../core/reason.ts';
import { Secret } from '../../core/secret.ts';
import { TokenCache } from './token-cache.ts';
import { TokenHolder, type IssuedToken } from './token-holder.ts';

const T0 = 1_800_000_000_000;
const UNAVAILABLE = refuse('issuer-unavailable');

/** An issuer whose answers come when the test says so. */
function createDesk(lifeMs = 3_600_000) {
  const waiting: ((answer: IssuedToken | Refusal) => void)[] = [];
  let asked = 0;
  return {
    asked: () => asked,
    ask: (): Promise<IssuedToken | Refusal> => {
      asked += 1;
      return new Promise((resolve) => waiting.push(resolve));
    },
    give(now: number, name = `token-${asked}`): Secret {
      const secret = new Secret(name);
      waiting.shift()?.({ secret, expiresAt: now + lifeMs });
      return secret;
    },
    fail: () => waiting.shift()?.(UNAVAILABLE),
  };
}

describe('TokenHolder', () => {
  it('asks once for all who wait, and then answers without a promise', async () => {
    const desk = createDesk();
    const holder = new TokenHolder();
    const waiting = [1, 2, 3].map(() => holder.find(T0, desk.ask));
    const secret = desk.give(T0);
    expect(await Promise.all(waiting)).toEqual([secret, secret, secret]);
    expect(holder.find(T0 + 1, desk.ask)).toBe(secret);
    expect(desk.asked()).toBe(1);
  });

  it('replaces the token in good time, and goes on with it meanwhile', async () => {
    const desk = createDesk();
    const holder = new TokenHolder();
    const first = holder.find(T0, desk.ask);
    const secret = desk.give(T0);
    await first;
    const early = T0 + 3_600_000 - 60_000;
    expect(holder.find(early - 1, desk.ask)).toBe(secret);
    expect(desk.asked()).toBe(1);
    expect([holder.find(early, desk.ask), holder.find(early + 1, desk.ask)]).toEqual([secret, secret]);
    expect(desk.asked()).toBe(2);
    desk.fail();
    await Promise.resolve();
    // The issuer is away: the token still serves, and the next try waits.
    expect(holder.find(early + 1500, desk.ask)).toBe(secret);
    expect(desk.asked()).toBe(2);
    expect(holder.find(early + 2500, desk.ask)).toBe(secret);
    const next = desk.give(early + 2500);
    await new Promise(setImmediate);
    expect(holder.find(early + 3000, desk.ask)).toBe(next);
    expect(next).not.toBe(secret);
  });

  it('sends no token in its last seconds, and nothing without one', async () => {
    const desk = createDesk(60_000);
    const holder = new TokenHolder();
    const first = holder.find(T0, desk.ask);
    desk.give(T0);
    await first;
    const end = holder.find(T0 + 55_000, desk.ask);
    desk.fail();
    expect(await end).toBe(UNAVAILABLE);
    expect(holder.find(T0 + 55_500, desk.ask)).toBe(UNAVAILABLE);
    expect(desk.asked()).toBe(2);
    void holder.find(T0 + 57_100, desk.ask);
    expect(desk.asked()).toBe(3);
  });

  it('waits no longer when the clock is set back', async () => {
    const desk = createDesk();
    const holder = new TokenHolder();
    const first = holder.find(T0, desk.ask);
    desk.fail();
    await first;
    void holder.find(T0 - 3_600_000, desk.ask);
    expect(desk.asked()).toBe(2);
  });

  it('replaces a refused token once for all who had it, and not again within two seconds', async () => {
    const desk = createDesk();
    const holder = new TokenHolder();
    const first = holder.find(T0, desk.ask);
    const old = desk.give(T0);
    await first;
    expect(holder.replace(old, T0 + 1999, desk.ask)).toBeNull();
    const waiting = [holder.replace(old, T0 + 2000, desk.ask), holder.replace(old, T0 + 2001, desk.ask)];
    const next = desk.give(T0 + 2000);
    expect(await Promise.all(waiting)).toEqual([next, next]);
    // Somebody who still had the old one gets the one that is there.
    expect(holder.replace(old, T0 + 2002, desk.ask)).toBe(next);
    expect(holder.replace(next, T0 + 2003, desk.ask)).toBeNull();
    expect(desk.asked()).toBe(2);
  });
});

const issue = (expiresAt: number) => () => Promise.resolve({ secret: new Secret('x'), expiresAt });

describe('TokenCache', () => {
  it('never gives one key what another was issued, and forgets the oldest', async () => {
    const cache = new TokenCache(100);
    const find = (key: string) =>
      cache.find(key, T0, () => Promise.resolve({ secret: new Secret(key), expiresAt: T0 + 60_000 }));
    for (let at = 0; at < 150; at += 1) {
      const found = await find(`key-${at}`);
      expect(found instanceof Secret && found.reveal()).toBe(`key-${at}`);
    }
    expect(cache.current('key-149', T0)?.reveal()).toBe('key-149');
    expect(cache.current('key-0', T0)).toBeNull();
  });

  it('lets what ended go when others come', async () => {
    const cache = new TokenCache();
    await cache.find('short', T0, issue(T0 + 6000));
    await cache.find('long', T0 + 60_000, issue(T0 + 600_000));
    expect(cache.current('short', T0)).toBeNull();
    expect(cache.current('long', T0 + 60_000)).not.toBeNull();
  });

  it('has at most 64 requests under way', async () => {
    const desk = createDesk();
    const cache = new TokenCache();
    const waiting = Array.from({ length: 70 }, (_, at) => cache.find(`k${at}`, T0, desk.ask));
    expect(desk.asked()).toBe(64);
    for (let at = 0; at < 64; at += 1) desk.give(T0);
    const found = await Promise.all(waiting);
    expect(found.filter((each) => !(each instanceof Secret))).toHaveLength(6);
    expect(found.at(-1)).toMatchObject({ reason: 'issuer-unavailable' });
  });
});
