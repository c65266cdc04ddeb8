import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { compareReaders, type Scan } from './compare-readers.ts';
import { DOCUMENTS_AT_ONCE, jsonDocuments } from './json-documents.ts';

const CORPUS = join(import.meta.dirname, 'corpus');

/** Documents that were once read wrongly, by file name. */
export function loadCorpus(): readonly (readonly [string, Buffer])[] {
  return readdirSync(CORPUS).map((file) => [file, readFileSync(join(CORPUS, file))]);
}

export interface Fuzzed {
  readonly accepted: number;
  readonly refused: number;
  /** The smallest document found on which the readers disagree, and how; null when there is none. */
  readonly disagreement: { readonly document: Buffer; readonly how: string } | null;
}

/** Reads this many documents, the same for the same seed, with all readers; stops at the first disagreement. */
export function fuzzScanner(documents: number, seed: number, scan?: Scan): Fuzzed {
  let accepted = 0;
  let refused = 0;
  const agree = fc.property(jsonDocuments(), (variants) =>
    variants.every((document) => {
      const comparison = compareReaders(document, scan);
      if (comparison.accepted) accepted += 1;
      else refused += 1;
      return comparison.disagreement === null;
    }),
  );
  const { counterexample } = fc.check(agree, { numRuns: Math.ceil(documents / DOCUMENTS_AT_ONCE), seed });
  for (const document of counterexample?.[0] ?? []) {
    const { disagreement } = compareReaders(document, scan);
    if (disagreement !== null) return { accepted, refused, disagreement: { document, how: disagreement } };
  }
  return { accepted, refused, disagreement: null };
}

/** Adds a document to the corpus and returns its file's name. */
export function saveToCorpus(document: Buffer): string {
  const file = `${createHash('sha256').update(document).digest('hex').slice(0, 16)}.bin`;
  mkdirSync(CORPUS, { recursive: true });
  writeFileSync(join(CORPUS, file), document);
  return file;
}
