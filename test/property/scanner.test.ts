import { expect, test } from 'vitest';
import { compareReaders } from './compare-readers.ts';
import { fuzzScanner, loadCorpus } from './fuzz-scanner.ts';

const DOCUMENTS = 100_000;
const SEED = 20_260_728;

// The corpus holds a small document for each bug that was found, one a file; `npm run fuzz` adds to it.
test('the scanner reads as a reference reader does what was once read wrongly', () => {
  for (const [file, document] of loadCorpus())
    expect({ file, ...compareReaders(document) }).toMatchObject({ file, disagreement: null });
});

test(`the scanner reads as a reference reader and JSON.parse do (${DOCUMENTS} documents)`, { timeout: 300_000 }, () => {
  const { accepted, refused, disagreement } = fuzzScanner(DOCUMENTS, SEED);
  expect({ how: disagreement?.how, document: disagreement?.document.toString() }).toEqual({});
  expect(accepted + refused).toBeGreaterThanOrEqual(DOCUMENTS);
  expect(Math.min(accepted, refused)).toBeGreaterThan(DOCUMENTS / 8);
});
