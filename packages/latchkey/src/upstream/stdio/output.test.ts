import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createLineReader } from './lines.ts';
import { openOutput, type Output } from './output.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true }));

async function open(): Promise<Output> {
  vi.stubEnv('TMPDIR', folder);
  const output = await openOutput();
  if (output === null) throw new Error('no output');
  return output;
}

const flood = (text: string): string =>
  `process.stdout.write('${text}'.repeat(300000)); setTimeout(() => process.stdout.write('.'), 20)`;

/** All that the program writes, once its end is heard. */
async function hear(script: string): Promise<string> {
  const output = await open();
  const parts: Buffer[] = [];
  output.onRead = (bytes) => void parts.push(Buffer.from(bytes));
  spawn(process.execPath, ['-e', script], { stdio: ['ignore', output.theirs, 'ignore'] });
  output.theirs.destroy();
  await new Promise((resolve) => output.ours.once('end', resolve));
  return Buffer.concat(parts).toString();
}

describe.skipIf(process.platform === 'win32')('openOutput', () => {
  it('brings everything that several programs write, apart, and then their ends', async () => {
    const texts = ['a', 'b', 'c'];
    const heard = await Promise.all(texts.map((text) => hear(flood(text))));
    expect(heard).toEqual(texts.map((text) => `${text.repeat(300_000)}.`));
  });

  it('keeps lines of two programs apart, though they are read into the same memory', async () => {
    const lines: Buffer[] = [];
    const outputs = [await open(), await open()] as const;
    for (const output of outputs)
      output.onRead = createLineReader(100, { onLine: (line) => void lines.push(line), onOverflow() {} });
    const steps = [
      [0, 'a'],
      [1, 'b'],
      [0, 'a\n'],
      [1, 'b\n'],
      [0, 'c\n'],
    ] as const;
    for (const [from, text] of steps) {
      const until = outputs[from].ours.bytesRead + text.length;
      outputs[from].theirs.write(text);
      await expect.poll(() => outputs[from].ours.bytesRead).toBe(until);
    }
    await expect.poll(() => lines.map(String)).toEqual(['aa', 'bb', 'c']);
    for (const { ours } of outputs) ours.destroy();
  });

  it('leaves nothing behind', async () => {
    const output = await open();
    expect(readdirSync(folder)).toEqual([]);
    output.theirs.destroy();
    await new Promise((resolve) => output.ours.once('close', resolve));
  });

  it('is null where there is no place to meet', async () => {
    vi.stubEnv('TMPDIR', join(folder, 'not-there'));
    expect(await openOutput()).toBeNull();
    // Too long for the path of a socket.
    const long = join(folder, 'x'.repeat(120));
    vi.stubEnv('TMPDIR', long);
    mkdirSync(long);
    expect(await openOutput()).toBeNull();
    expect(readdirSync(long)).toEqual([]);
    rmSync(long, { recursive: true });
  });
});
