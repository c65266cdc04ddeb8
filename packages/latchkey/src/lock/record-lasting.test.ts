import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toIncoming } from '../../../../test/fixtures/incoming.ts';
import { makeLock } from '../../../../test/library/hand-made-lock.ts';
import type { Passage } from './passage.ts';

/** An answer that is under way from now on. */
async function open() {
  const made = makeLock({ tokens: { alice: ['read'] } });
  const guard = made.latchkey.protect({ scopes: ['read'] });
  return { ...made, passage: (await guard.admit(toIncoming({ token: 'alice' }))) as Passage };
}

describe('recordLasting', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void vi.useRealTimers());

  it('leaves one record of what ends soon', async () => {
    const { passage, trail } = await open();
    await vi.advanceTimersByTimeAsync(900);
    passage.finish(200);
    await vi.advanceTimersByTimeAsync(2000);
    expect(trail.map(({ phase, status }) => [phase, status])).toEqual([[undefined, 200]]);
  });

  it('leaves another of what lasts also where the clock was set back meanwhile', async () => {
    const { trail } = await open();
    vi.setSystemTime(1_000_000 - 3_600_000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(trail).toMatchObject([{ phase: 'begun', status: 0 }]);
  });

  it('leaves another of what lasts, once, and says of both what they are', async () => {
    const { passage, trail } = await open();
    await vi.advanceTimersByTimeAsync(1000);
    const begun = { phase: 'begun', status: 0, durationMs: 1000, decision: 'allow', reason: 'allowed' };
    const said = { at: 1_000_000, principal: 'alice', server: 'api' };
    expect(trail).toMatchObject([{ ...said, ...begun }]);
    await vi.advanceTimersByTimeAsync(5000);
    passage.finish(502);
    expect(trail).toMatchObject([
      { ...said, ...begun },
      { ...said, phase: 'ended', status: 502, durationMs: 6000, requestId: trail[0]?.requestId },
    ]);
  });
});
