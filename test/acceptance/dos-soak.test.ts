import { expect, test } from 'vitest';
import { describeSlope, soak } from '../fixtures/mixed-load.ts';
import { startEverySite } from './harness.ts';

const MIB = 1024 * 1024;
const WARM_UP_MS = 12_000;
const MEASURED_MS = 20_000;

test.skipIf(process.platform !== 'linux')(
  'DOS-27 soak: mixed load leaves neither memory nor descriptors behind',
  async () => {
    const limits = {
      failedPerAddress: '100000/s',
      requestsPerAddress: '100000/s',
      callsPerCredential: '100000/s',
      sessions: 100_000,
    };
    const sites = await startEverySite({ limits });
    await soak(sites, WARM_UP_MS);
    const [before, after] = await soak(sites, MEASURED_MS);
    for (const [index, start] of before.entries()) {
      const end = after[index] ?? { residentBytes: Infinity, openFiles: Infinity, requests: 0 };
      const told = describeSlope(start, end, MEASURED_MS);
      expect({ told, requests: end.requests - start.requests > 100 }).toMatchObject({ requests: true });
      // What a few thousand requests would leave if each left a little, and less than a garbage collector's mood.
      expect({ told, bounded: end.residentBytes - start.residentBytes < 64 * MIB }).toMatchObject({ bounded: true });
      expect({ told, closed: end.openFiles - start.openFiles <= 2 }).toMatchObject({ closed: true });
    }
    await Promise.all(sites.map((site) => site.close()));
  },
  120_000,
);
