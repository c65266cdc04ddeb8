import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readBounded } from './bounded-file.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-bounded-'));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
const place = () => path.join(folder, String((made += 1)));
const makePipe = (): string => {
  const pipe = place();
  execFileSync('mkfifo', [pipe]);
  return pipe;
};

describe('readBounded', () => {
  it.each([0, 1, 65_536, 200_000])(
    'reads a file of %d bytes, of a larger one a little more than was asked for',
    (size) => {
      const file = place();
      writeFileSync(file, Buffer.alloc(size, 'a'));
      expect(readBounded(file, 200_000)).toHaveLength(size);
      expect(readBounded(file, 10).length).toBe(size > 65_536 ? 65_536 : size);
    },
  );

  describe.skipIf(process.platform === 'win32')('of what is no file', () => {
    it('says what it is', () => {
      expect(readBounded('/dev/zero', 10)).toBe('is a device, and no file');
      expect(readBounded(folder, 10)).toBe('is a folder');
      expect(() => readBounded(place(), 10)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    });

    it('reads a pipe up to its end, however slowly it is written', () => {
      const pipe = makePipe();
      spawn('sh', ['-c', 'exec >"$1"; sleep 0.2; printf ab; sleep 0.2; printf cd', 'sh', pipe]);
      expect(readBounded(pipe, 10, { writerMs: 5000, endMs: 10_000 }).toString()).toBe('abcd');
    });

    it('waits neither for a writer nor for the end for ever', () => {
      const pipe = makePipe();
      expect(readBounded(pipe, 10, { writerMs: 50, endMs: 100 })).toBe('is a pipe that nobody writes to');
      for (const script of ['exec >"$1"; sleep 20', 'exec >"$1"; while printf a; do sleep 0.1; done']) {
        const writer = spawn('sh', ['-c', script, 'sh', pipe]);
        expect(readBounded(pipe, 1000, { writerMs: 5000, endMs: 1000 })).toBe(
          'is a pipe whose writer does not come to an end',
        );
        writer.kill();
      }
    });

    it('reads no more than it was asked for of a pipe that never ends', () => {
      const pipe = makePipe();
      const writer = spawn('sh', ['-c', 'exec cat /dev/zero >"$1"', 'sh', pipe]);
      expect(readBounded(pipe, 100_000).length).toBeGreaterThan(100_000);
      writer.kill();
    });
  });
});
