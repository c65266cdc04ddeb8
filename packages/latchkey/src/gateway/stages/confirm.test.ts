import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NOW, person, stageGateway } from '../../../../../test/fixtures/stages.ts';
import type { Principal } from '../../core/principal.ts';
import { VERDICT_HOLDS_MS } from '../../core/verifier.ts';
import { confirmStage } from './confirm.ts';

const ALICE = person('alice');
const LATE = NOW + VERDICT_HOLDS_MS;

/** What becomes of a request of `NOW`, and who was asked about. */
async function confirmAt(now: number, end: number | null | Error, principal: Principal | null = ALICE) {
  vi.setSystemTime(now);
  const asked: Principal[] = [];
  const gateway = stageGateway({
    options: {
      endOf(of) {
        asked.push(of);
        return end instanceof Error ? Promise.reject(end) : Promise.resolve(end);
      },
    },
  });
  const result = await confirmStage(gateway.state).run(gateway.exchange({ with: { principal } }));
  return { result, asked };
}

const resultAt = async (now: number, end: number | null | Error) => (await confirmAt(now, end)).result;

describe('confirmStage', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  it('refuses whose credential ended while something was waited for', async () => {
    expect(await confirmAt(LATE, 0)).toEqual({ result: { reason: 'credential-revoked' }, asked: [ALICE] });
    for (const end of [1, LATE - 1, LATE]) expect(await resultAt(LATE, end)).toEqual({ reason: 'credential-expired' });
    for (const end of [LATE + 1, null]) expect(await resultAt(LATE, end)).toBeNull();
  });

  it('refuses whom nobody can be asked about', async () => {
    const refusal = { reason: 'store-unavailable', retryAfterSeconds: 1 };
    expect(await resultAt(LATE, new Error('closed'))).toEqual(refusal);
  });

  it('asks nothing where hardly any time passed, and again where the clock was set back', async () => {
    for (const now of [NOW, LATE - 1]) expect(await confirmAt(now, 0)).toEqual({ result: null, asked: [] });
    expect(await resultAt(NOW - VERDICT_HOLDS_MS, 0)).toEqual({ reason: 'credential-revoked' });
  });

  it('knows nothing of a request of nobody, which goes no further than to the next stage', async () => {
    expect(await confirmAt(LATE, 0, null)).toEqual({ result: null, asked: [] });
  });
});
