import { describe, expect, it } from 'vitest';
import { LEEWAY_MS } from '../../core/claims.ts';
import { OutgoingError } from '../../core/outgoing.ts';
import { createAnonymous } from '../../core/principal.ts';
import { digestOf } from '../mint.ts';
import type { Rejection } from '../../core/verifier.ts';
import { createAnswers } from './answers.ts';
import { createWatch } from './watch.ts';

const BAD: Rejection = { kind: 'reject', reason: 'credential-unknown' };
type Said = { readonly kind: 'good' } | Rejection | Error;

async function watchOf(expiresAt: number | null = null) {
  const issuer: { says: Said; asked: number } = { says: { kind: 'good' }, asked: 0 };
  const answers = createAnswers<{ readonly kind: string }>({
    keepMs: 60_000,
    async ask() {
      issuer.asked += 1;
      if (issuer.says instanceof Error) throw issuer.says;
      return issuer.says;
    },
    endOf: () => expiresAt,
  });
  const principal = { ...createAnonymous([]), expiresAt: expiresAt === null ? 1_000_000 : expiresAt + LEEWAY_MS };
  const watch = createWatch(answers);
  await answers.get('t', digestOf('t'), 0);
  watch.note(principal, 't');
  const note = (): void => watch.note(principal, 't');
  const endAt = async (now: number) => {
    watch.endOf(principal, now);
    await new Promise(setImmediate);
    return watch.endOf(principal, now);
  };
  return { issuer, watch, note, endAt, forever: createAnonymous([]) };
}

describe('createWatch', () => {
  it('does not know who was proved by somebody else', async () => {
    const { watch } = await watchOf();
    expect(watch.endOf(createAnonymous([]), 0)).toBeUndefined();
  });

  it('asks again before the answer is too old, and no sooner', async () => {
    const { issuer, endAt } = await watchOf();
    expect(await endAt(44_000)).toBe(1_000_000);
    expect(issuer.asked).toBe(1);
    expect(await endAt(46_000)).toBe(1_000_000);
    expect(issuer.asked).toBe(2);
  });

  it('does not wait for an end that nobody told', async () => {
    const { issuer, watch, forever } = await watchOf();
    watch.note(forever, 't');
    watch.endOf(forever, 46_000);
    await new Promise(setImmediate);
    expect([watch.endOf(forever, 46_000), issuer.asked]).toEqual([null, 2]);
  });

  it('does not ask again and again shortly before the end that the issuer told', async () => {
    const { issuer, endAt } = await watchOf(30_000);
    for (let now = 14_000; now < 30_000; now += 250) await endAt(now);
    expect(issuer.asked).toBe(1);
    issuer.says = BAD;
    expect(await endAt(30_000)).toBe(0);
  });

  it('ends who was revoked as soon as the issuer was asked', async () => {
    const { issuer, endAt } = await watchOf();
    issuer.says = BAD;
    expect(await endAt(46_000)).toBe(0);
  });

  it('asks an issuer that does not answer once a second, however often the watch is', async () => {
    const { issuer, endAt } = await watchOf();
    issuer.says = new OutgoingError('down');
    for (let now = 50_000; now < 54_000; now += 250) await endAt(now);
    expect(issuer.asked).toBe(5);
  });

  it('ends nobody for a short silence of the issuer, and everybody for a long one', async () => {
    const { issuer, note, endAt } = await watchOf();
    issuer.says = new OutgoingError('down');
    for (const now of [46_000, 59_000, 70_000, 118_000]) expect(await endAt(now)).toBe(1_000_000);
    issuer.says = { kind: 'good' };
    expect(await endAt(119_000)).toBe(1_000_000);
    issuer.says = new OutgoingError('down');
    for (const now of [170_000, 178_000, 230_000]) expect(await endAt(now)).toBe(1_000_000);
    // Another request with it is no word of its issuer.
    note();
    expect(await endAt(239_000)).toBe(0);
  });
});
