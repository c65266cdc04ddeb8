import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import { VERDICT_HOLDS_MS } from '../core/verifier.ts';
import type { Asking } from './asking.ts';
import { confirmCaller } from './confirm-caller.ts';

const STARTED = 1000;
const asking = { principal: createAnonymous([]), startedAt: STARTED } as unknown as Asking;
const fail = (): never => {
  throw new Error('disk I/O error');
};
const after = (ms: number) => () => STARTED + ms;

describe('confirmCaller', () => {
  it('asks for the end of the credential once its verdict is old, whichever way the clock went', async () => {
    for (const ms of [VERDICT_HOLDS_MS, 60_000, -60_000]) {
      expect(await confirmCaller(() => null, asking, after(ms))).toBeNull();
      expect(await confirmCaller(() => STARTED + 70_000, asking, after(ms))).toBeNull();
      expect(await confirmCaller(() => 0, asking, after(ms))).toMatchObject({ reason: 'credential-revoked' });
    }
    expect(await confirmCaller(() => STARTED + 5, asking, after(5))).toMatchObject({ reason: 'credential-expired' });
  });

  it('asks nobody while the verdict holds', () => {
    expect(confirmCaller(fail, asking, after(VERDICT_HOLDS_MS - 1))).toBeNull();
  });

  it('lets nobody in where nobody can be asked', async () => {
    expect(await confirmCaller(fail, asking, after(5))).toMatchObject({ reason: 'store-unavailable' });
  });
});
