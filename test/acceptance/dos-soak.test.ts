import { expect, test, vi } from 'vitest';
import { describeSlope, soak } from '../fixtures/mixed-load.ts';
import { countOpenFiles } from '../fixtures/processes.ts';
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
    // The space for new objects grows in steps as large as what is looked for, and stays; whatever is kept leaves it.
    vi.stubEnv('NODE_OPTIONS', '--max-semi-space-size=2');
    const sites = await startEverySite({ limits });
    vi.unstubAllEnvs();
    await soak(sites, WARM_UP_MS);
    const [before, after] = await soak(sites, MEASURED_MS);
    for (const [index, start] of before.entries()) {
      const end = after[index] ?? { residentBytes: Infinity, openFiles: Infinity, requests: 0 };
      const told = describeSlope(start, end, MEASURED_MS);
      expect({ told, requests: end.requests - start.requests > 100 }).toMatchObject({ requests: true });
      // What a few thousand requests would leave if each left a little, and less than a garbage collector's mood.
      expect({ told, bounded: end.residentBytes - start.residentBytes < 64 * MIB }).toMatchObject({ bounded: true });
      // On a busy machine what was closed is gone later, and connections to the server are kept a while for the next call.
      const openFiles = (): number => countOpenFiles(sites[index]?.gateway.pid ?? 0) - start.openFiles;
      await expect.poll(openFiles, { timeout: 30_000, interval: 500, message: told }).toBeLessThanOrEqual(2);
    }
    await Promise.all(sites.map((site) => site.close()));
  },
  180_000,
);
