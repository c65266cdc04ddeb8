import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNodeWays, createWebWays, type ByteWays } from '../../packages/latchkey/src/core/bytes.ts';
import { withoutBuffer } from '../fixtures/without-buffer.ts';
import { compareReaders, type Scan } from './compare-readers.ts';
import { fuzzScanner, loadCorpus } from './fuzz-scanner.ts';

const DOCUMENTS = 20_000;
const SEED = 20_260_728;

describe('bytes by the ways of the web', () => {
  const [node, web] = [createNodeWays(Buffer) as ByteWays, createWebWays()];
  const bytes = fc.uint8Array({ maxLength: 200 });
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
  );
  const almostBase64 = fc.oneof(fc.base64String(), fc.string({ unit: fc.constantFrom(...'ABCDwxyz0189+/-_= \n.ÿ') }));

  it('are the text, bytes and base64 that Node makes', () => {
    fc.assert(
      fc.property(bytes, fc.nat(210), fc.nat(210), (some, start, stop) => {
        expect(web.textOf(some, start, stop)).toBe(node.textOf(some, start, stop));
        expect(web.latin1Of(some, start, stop)).toBe(node.latin1Of(some, start, stop));
        expect(web.toBase64(some)).toBe(node.toBase64(some));
        expect(web.toBase64Url(some)).toBe(node.toBase64Url(some));
      }),
    );
    fc.assert(
      fc.property(text, (some) => {
        expect([...web.bytesOf(some)]).toEqual([...node.bytesOf(some)]);
        expect(web.lengthInBytes(some)).toBe(node.lengthInBytes(some));
      }),
    );
  });

  it('reads as base64 what Node reads, and nothing else', () => {
    fc.assert(
      fc.property(almostBase64, (some) => {
        expect(web.fromBase64(some)?.join()).toBe(node.fromBase64(some)?.join());
        expect(web.fromBase64Url(some)?.join()).toBe(node.fromBase64Url(some)?.join());
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the scanner without Buffer', () => {
  let scan: Scan;
  beforeAll(async () => {
    const { bytes, scanner } = await withoutBuffer(async () => ({
      bytes: await import('../../packages/latchkey/src/core/bytes.ts'),
      scanner: await import('../../packages/latchkey/src/core/parse-message.ts'),
    }));
    if (bytes.bytesOf('a') instanceof Buffer) throw new Error('Buffer was there all the same');
    scan = (document) => scanner.parseMessage(new Uint8Array(document));
  });

  it('reads as a reference reader does what was once read wrongly', () => {
    for (const [file, document] of loadCorpus())
      expect({ file, ...compareReaders(document, scan) }).toMatchObject({ file, disagreement: null });
  });

  it(`reads as a reference reader and JSON.parse do (${DOCUMENTS} documents)`, { timeout: 300_000 }, () => {
    const { accepted, refused, disagreement } = fuzzScanner(DOCUMENTS, SEED, scan);
    expect({ how: disagreement?.how, document: disagreement?.document.toString() }).toEqual({});
    expect(accepted + refused).toBeGreaterThanOrEqual(DOCUMENTS);
    expect(Math.min(accepted, refused)).toBeGreaterThan(DOCUMENTS / 8);
  });
});
