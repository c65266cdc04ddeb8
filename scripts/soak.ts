// `npm run soak`: mixed load on the gateway before each kind of server, and how memory and descriptors grow with it.
import { parseArgs } from 'node:util';
import { startEverySite } from '../test/acceptance/harness.ts';
import { describeSlope, soak } from '../test/fixtures/mixed-load.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 24 * 60)) throw new TypeError('--minutes takes a number of minutes, at most a day');

const KINDS = ['HTTP server', 'stdio server of 2025', 'stdio server of 2026-07-28'];
const WARM_UP_MS = 30_000;
const RATE = '100000/s';
const sites = await startEverySite({
  limits: { failedPerAddress: RATE, requestsPerAddress: RATE, callsPerCredential: RATE, sessions: 100_000 },
});
console.error(`warming up for ${WARM_UP_MS / 1000} s, then ${minutes} minutes`);
await soak(sites, WARM_UP_MS);
for (let minute = 0; minute < minutes; minute += 1) {
  const forMs = Math.min(1, minutes - minute) * 60_000;
  const [before, after] = await soak(sites, forMs);
  for (const [index, kind] of KINDS.entries()) {
    const [start, end] = [before[index], after[index]];
    if (start === undefined || end === undefined) continue;
    const mib = (end.residentBytes / 1024 / 1024).toFixed(1);
    console.log(
      `${minute + 1}: ${kind}: ${mib} MiB, ${end.openFiles} descriptors; ${describeSlope(start, end, forMs)}`,
    );
  }
}
await Promise.all(sites.map((site) => site.close()));
