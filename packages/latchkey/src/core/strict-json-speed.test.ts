import { describe, expect, it } from 'vitest';
import { createShape, hashFolded, watchKeys } from './json-shape.ts';
import { scanJson } from './strict-json.ts';

const shape = createShape({ watched: { shape: watchKeys(0) } });
const slots = new Int32Array(3);

describe('scanJson', () => {
  it.each([
    ['many keys', Array.from({ length: 100_000 }, (_, i) => `"key${i}":${i}`)],
    ['many keys that are not ASCII', Array.from({ length: 50_000 }, (_, i) => `"ключ${i}":${i}`)],
    ['many keys with escapes', Array.from({ length: 50_000 }, (_, i) => `"\\u006bey${i}":${i}`)],
    ['few long keys that differ at the end', Array.from({ length: 16 }, (_, i) => `"${'k'.repeat(60_000)}${i}":1`)],
    ['few long keys of two cases', Array.from({ length: 16 }, (_, i) => `"${'é'.repeat(30_000 + i)}":1`)],
    ['a key of many marks', [`"a${'\u0345\u0301'.repeat(100_000)}":1`]],
    ['keys of one hash', collide(16, 60_000).map((key) => `"${key}":1`)],
    ['many objects of 17 keys', Array.from({ length: 8000 }, (_, i) => `"o${i}":{${SEVENTEEN}}`)],
  ])('takes little time for %s', (_name, members) => {
    const document = Buffer.from(`{"watched":{${members.join()}}}`);
    const started = process.threadCpuUsage();
    expect(scanJson(document, shape, slots)).toBeNull();
    const { user, system } = process.threadCpuUsage(started);
    expect((user + system) / 1000).toBeLessThan(1000);
  });
});

const SEVENTEEN = Array.from({ length: 17 }, (_, i) => `"k${i}":0`).join();

/** Keys of `length` characters, a power of two of them, that `hashFolded` cannot tell apart. */
function collide(count: number, length: number): readonly string[] {
  let keys = [''];
  while (keys.length < count) {
    const start = keys[0] as string;
    const [one, other] = findPair((block) =>
      hashFolded(Buffer.from(start + block), 0, start.length + block.length, null),
    );
    keys = keys.flatMap((key) => [key + one, key + other]);
  }
  return keys.map((key) => key.padEnd(length, 'x'));
}

function findPair(hash: (block: string) => number): readonly [string, string] {
  const seen = new Map<number, string>();
  for (let n = 0; ; n += 1) {
    const block = (n * 2_654_435_761).toString(36).padStart(12, 'q');
    const other = seen.get(hash(block));
    if (other !== undefined) return [other, block];
    seen.set(hash(block), block);
  }
}
