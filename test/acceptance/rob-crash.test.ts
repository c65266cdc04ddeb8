import { expect, test } from 'vitest';
import { crash } from '../fixtures/crash.ts';

const MOMENTS = 30;
const LONGEST_MS = 35_000;

test.skipIf(process.platform !== 'linux')(
  'ROB-01 crash points',
  async () => {
    const { moments, steps, calls, records, faults } = await crash(MOMENTS, 20_260_728, LONGEST_MS);
    expect(faults).toEqual([]);
    // It would hold of a run that did nothing, too.
    expect(moments).toBeGreaterThan(1);
    for (const step of ['create', 'rotate', 'revoke']) expect(steps[step]).toBeGreaterThan(moments);
    expect(calls).toBeGreaterThan(0);
    expect(records).toBeGreaterThan(calls / 2);
  },
  120_000,
);
