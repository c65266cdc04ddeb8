// `npm run crash -- --moments 200 --seed 7`: kills the gateway at random moments under load and says what was lost.
import { parseArgs } from 'node:util';
import { crash } from '../test/fixtures/crash.ts';

const { values } = parseArgs({
  options: {
    moments: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    /** Seconds after which no further moment begins. */
    within: { type: 'string', default: 'Infinity' },
  },
});
const seed = Number(values.seed);
const begun = performance.now();
const { moments, steps, calls, records, cutLines, faults } = await crash(
  Number(values.moments),
  seed,
  Number(values.within) * 1000,
);
const acknowledged = Object.entries(steps).map(([step, count]) => `${count} ${step}`);
console.log(
  `${moments} moments (seed ${seed}): acknowledged ${acknowledged.join(', ')}, ${calls} calls; ${records} trail records, ${cutLines} lines cut short; ${faults.length} faults; ${Math.round((performance.now() - begun) / 1000)} s`,
);
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
