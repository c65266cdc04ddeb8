// `npm run fuzz`: the scanner against a reference reader and JSON.parse, for longer than in the tests.
import { parseArgs } from 'node:util';
import { fuzzScanner, saveToCorpus } from '../test/property/fuzz-scanner.ts';

const USAGE = `Usage: npm run fuzz -- [options]
  --documents N   how many to read (1000000)
  --seed N        where to begin; the same seed gives the same documents (the time)
  --help          this text`;
const PORTION = 50_000;

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(USAGE);
else process.exitCode = fuzz(Number(values.documents), Number(values.seed)) === 0 ? 0 : 1;

/** Returns how many disagreements it found. */
function fuzz(documents: number, seed: number): number {
  const started = performance.now();
  let [accepted, refused, disagreements] = [0, 0, 0];
  for (let portion = 0; portion * PORTION < documents; portion += 1) {
    const found = fuzzScanner(Math.min(PORTION, documents - portion * PORTION), seed + portion);
    accepted += found.accepted;
    refused += found.refused;
    if (found.disagreement === null) continue;
    disagreements += 1;
    const { document, how } = found.disagreement;
    console.log(`disagreement, seed ${seed + portion}: ${how}\n  ${JSON.stringify(document.toString())}`);
    console.log(`  saved as test/property/corpus/${saveToCorpus(document)}`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${accepted + refused} documents from seed ${seed}: ${accepted} accepted, ${refused} refused, ${seconds} s`,
  );
  console.log(disagreements === 0 ? 'all readers agree' : `${disagreements} disagreements`);
  return disagreements;
}
