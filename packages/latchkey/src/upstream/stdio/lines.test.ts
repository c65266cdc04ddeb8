import { describe, expect, it } from 'vitest';
import { createLineReader, flatten } from './lines.ts';

function read(chunks: readonly string[], maxBytes = 100): { lines: string[]; overflows: number } {
  const seen = { lines: [] as string[], overflows: 0 };
  const feed = createLineReader(maxBytes, {
    onLine: (line) => void seen.lines.push(line.toString()),
    onOverflow: () => {
      seen.overflows += 1;
    },
  });
  for (const chunk of chunks) feed(Buffer.from(chunk));
  return seen;
}

describe('createLineReader', () => {
  it('cuts wherever the chunks are cut', () => {
    const text = 'one\n\ntwo three\nfour\n';
    for (let size = 1; size <= text.length; size += 1) {
      const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(read(chunks).lines).toEqual(['one', '', 'two three', 'four']);
    }
  });

  it('keeps an unfinished line to itself', () => {
    expect(read(['one\ntw']).lines).toEqual(['one']);
  });

  it('gives lines that stay what they are when the memory of their chunks is used again', () => {
    const lines: Buffer[] = [];
    const feed = createLineReader(100, { onLine: (line) => void lines.push(line), onOverflow() {} });
    const memory = Buffer.alloc(9);
    for (const chunk of ['one\ntwo\nt', 'hree\nfour', '\nfive\nsix', '\n']) {
      memory.fill(0).write(chunk);
      feed(memory.subarray(0, chunk.length));
    }
    expect(lines.map(String)).toEqual(['one', 'two', 'three', 'four', 'five', 'six']);
  });

  it('tells once of a line that is too long, and reads nothing after it', () => {
    expect(read(['ok\n', 'x'.repeat(11), 'y'.repeat(50), '\nlater\n'], 10)).toEqual({ lines: ['ok'], overflows: 1 });
    expect(read(['x'.repeat(11) + '\nlater\n'], 10)).toEqual({ lines: [], overflows: 1 });
    expect(read(['x'.repeat(10) + '\n'], 10)).toEqual({ lines: ['x'.repeat(10)], overflows: 0 });
  });
});

describe('flatten', () => {
  it('makes one line that means the same', () => {
    const json = '{\r\n  "a": "x\\ny",\r\n  "b": [1,\n2]\r}';
    const line = flatten(Buffer.from(json)).toString();
    expect(line).not.toMatch(/[\r\n]/);
    expect(JSON.parse(line)).toEqual(JSON.parse(json));
  });
});
