import { describe, expect, it } from 'vitest';
import { OutgoingError } from '../../core/outgoing.ts';
import type { Rejection } from '../../core/verifier.ts';
import { createAnswers } from './answers.ts';

interface Good {
  readonly kind: 'good';
}
const GOOD: Good = { kind: 'good' };
const BAD: Rejection = { kind: 'reject', reason: 'credential-unknown' };

/** Answers of an issuer that says of each token what `says` does, and counts. */
function answersOf(says: (token: string) => Good | Rejection | Error, more: { openQuestions?: number } = {}) {
  const asked: string[] = [];
  const answers = createAnswers<Good>({
    keepMs: 60_000,
    endOf: () => null,
    cacheSize: 2,
    ...more,
    async ask(token) {
      asked.push(token);
      const said = says(token);
      if (said instanceof Error) throw said;
      return said;
    },
  });
  return { answers, asked };
}

describe('createAnswers', () => {
  it('remembers a good token for the time given, and not when the clock is set back by more', async () => {
    const { answers } = answersOf(() => GOOD);
    await answers.get('t', 'd', 100_000);
    for (const now of [100_000, 159_999, 40_001]) expect(answers.peek('d', now)).toBe(GOOD);
    for (const now of [160_000, 40_000]) expect(answers.peek('d', now)).toBeUndefined();
  });

  it('remembers a bad token for ten seconds, and a question without an answer for one', async () => {
    const { answers } = answersOf((token) => (token === 'bad' ? BAD : new OutgoingError('down')));
    expect(await answers.get('bad', 'bad', 0)).toBe(BAD);
    expect(await answers.get('lost', 'lost', 0)).toEqual({
      kind: 'reject',
      reason: 'issuer-unavailable',
      detail: 'down',
    });
    expect([answers.peek('bad', 9999), answers.peek('bad', 10_000)]).toEqual([BAD, undefined]);
    expect(answers.peek('lost', 999)).toMatchObject({ reason: 'issuer-unavailable' });
    expect(answers.peek('lost', 1000)).toBeUndefined();
  });

  it('lets a good answer hold until its time is over, whatever goes wrong meanwhile', async () => {
    let said: Good | Error = GOOD;
    const { answers } = answersOf(() => said);
    await answers.get('t', 'd', 0);
    said = new OutgoingError('down');
    await answers.get('t', 'd', 50_000);
    expect(answers.peek('d', 50_500)).toBe(GOOD);
    expect(answers.peek('d', 60_000)).toBeUndefined();
  });

  it('forgets a good answer when the token is no good any more', async () => {
    let said: Good | Rejection = GOOD;
    const { answers } = answersOf(() => said);
    await answers.get('t', 'd', 0);
    said = BAD;
    await answers.get('t', 'd', 1000);
    expect(answers.peek('d', 1000)).toBe(BAD);
    expect(answers.peek('d', 11_000)).toBeUndefined();
  });

  it('asks once for all who ask about the same token', async () => {
    const { answers, asked } = answersOf(() => GOOD);
    await Promise.all(Array.from({ length: 9 }, () => answers.get('t', 'd', 0)));
    expect(asked).toEqual(['t']);
  });

  it('turns away who asks about one token too many, and nobody later', async () => {
    const { answers, asked } = answersOf(() => GOOD, { openQuestions: 2 });
    const all = await Promise.all(['a', 'b', 'c', 'a'].map((token) => answers.get(token, token, 0)));
    expect(all).toEqual([GOOD, GOOD, expect.objectContaining({ reason: 'issuer-unavailable' }), GOOD]);
    expect(asked).toEqual(['a', 'b']);
    expect(answers.peek('c', 0)).toBeUndefined();
    expect(await answers.get('c', 'c', 0)).toBe(GOOD);
  });

  it('lets four suspects ask at a time, however many others do', async () => {
    const { answers } = answersOf(() => GOOD);
    const ask = (name: string, suspect: boolean) =>
      Promise.all(Array.from({ length: 5 }, (_, at) => answers.get(`${name}${at}`, `${name}${at}`, 0, suspect))).then(
        (all) => all.filter((each) => each === GOOD).length,
      );
    expect(await Promise.all([ask('a', false), ask('b', true)])).toEqual([5, 4]);
    expect(await ask('c', true)).toBe(4);
  });

  it('keeps a bounded number of good tokens, the newest, and none fewer for all the bad ones', async () => {
    const { answers } = answersOf((token) => (token.startsWith('bad') ? BAD : GOOD));
    for (const token of ['a', 'b', 'a', 'c']) await answers.get(token, token, 0);
    for (let i = 0; i < 3000; i += 1) await answers.get(`bad${i}`, `bad${i}`, 0);
    expect(['a', 'b', 'c'].map((token) => answers.peek(token, 0))).toEqual([GOOD, undefined, GOOD]);
    expect([answers.peek('bad0', 0), answers.peek('bad2999', 0)]).toEqual([undefined, BAD]);
  });

  it('passes on a mistake of ours, and asks anew', async () => {
    let said: Good | Error = new TypeError('a mistake');
    const { answers } = answersOf(() => said);
    await expect(answers.get('t', 'd', 0)).rejects.toThrow(TypeError);
    said = GOOD;
    expect(await answers.get('t', 'd', 0)).toBe(GOOD);
  });
});
