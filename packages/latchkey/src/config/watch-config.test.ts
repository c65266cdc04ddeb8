import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchConfig, type ConfigWatch, type Trouble } from './watch-config.ts';

let folder = '';
let file = '';
let seen: string[] = [];
let watch: ConfigWatch;

const start = (): void => {
  watch = watchConfig(file, (text) => seen.push(text), { text: 'a: 1', settleMs: 30, pollMs: 100 });
};
async function seenAfter(texts: number): Promise<readonly string[]> {
  await vi.waitUntil(() => seen.length >= texts, { timeout: 3000, interval: 20 });
  return seen;
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-watch-'));
  file = path.join(folder, 'latchkey.yaml');
  seen = [];
  writeFileSync(file, 'a: 1');
});
afterEach(() => {
  watch.stop();
  rmSync(folder, { recursive: true });
});

describe('watchConfig', () => {
  it('sees a write in place, and one by rename', async () => {
    start();
    writeFileSync(file, 'a: 2');
    expect(await seenAfter(1)).toEqual(['a: 2']);
    writeFileSync(`${file}~`, 'a: 3');
    renameSync(`${file}~`, file);
    expect(await seenAfter(2)).toEqual(['a: 2', 'a: 3']);
    writeFileSync(file, 'a: 4');
    expect(await seenAfter(3)).toEqual(['a: 2', 'a: 3', 'a: 4']);
  });

  it('hands on again what may have been refused for its mode', async () => {
    chmodSync(file, 0o666);
    start();
    await sleep(150);
    chmodSync(file, 0o644);
    expect(await seenAfter(1)).toEqual(['a: 1']);
    await sleep(200);
    expect(seen).toHaveLength(1);
  });

  it('sees a change that was made before it began', async () => {
    writeFileSync(file, 'a: 2');
    start();
    expect(await seenAfter(1)).toEqual(['a: 2']);
  });

  it('waits out a file that is gone, empty or half written', async () => {
    start();
    rmSync(file);
    await sleep(150);
    writeFileSync(file, '');
    await sleep(150);
    for (let i = 0; i < 8; i += 1) {
      writeFileSync(file, `a: ${'2'.repeat(i + 1)}`);
      await sleep(10);
    }
    expect(await seenAfter(1)).toEqual(['a: 22222222']);
  });

  it('tells once of a file that stays unusable, and again only after it was sound', async () => {
    const told: Trouble[] = [];
    const onTrouble = (trouble: Trouble): void => void told.push(trouble);
    watch = watchConfig(file, (text) => seen.push(text), { text: 'a: 1', settleMs: 30, pollMs: 50, onTrouble });
    const toldAfter = (count: number): Promise<unknown> =>
      vi.waitUntil(() => told.length >= count, { timeout: 3000, interval: 20 });
    rmSync(file);
    await toldAfter(1);
    await sleep(200);
    writeFileSync(file, 'a: 2');
    await seenAfter(1);
    rmSync(file);
    mkdirSync(file);
    await toldAfter(2);
    expect(told).toEqual([
      { problem: 'there is no such file', hint: 'put it back' },
      { problem: 'is a folder', hint: 'put a file in its place' },
    ]);
    expect(seen).toEqual(['a: 2']);
  });

  it('says what is wrong with each file that cannot be taken, and what to do', async () => {
    start();
    const spoil: readonly [string, string, () => void][] = [
      ['there is no such file', 'put it back', () => {}],
      ['is a folder', 'put a file in its place', () => mkdirSync(file)],
      ['is no file', 'put a file in its place', () => symlinkSync('/dev/null', file)],
      ['is empty', 'write it anew', () => writeFileSync(file, ' \n')],
      ['is not UTF-8', 'save it as UTF-8', () => writeFileSync(file, Buffer.of(0xff))],
      ['is larger than 1 MiB', 'is this the right file?', () => writeFileSync(file, 'a'.repeat(2 ** 20 + 1))],
      ['cannot be read (ELOOP)', 'check the path and its permissions', () => symlinkSync(file, file)],
    ];
    for (const [problem, hint, make] of spoil) {
      rmSync(file, { recursive: true, force: true });
      make();
      expect(await watch.readAgain()).toEqual({ problem, hint: expect.stringContaining(hint) });
    }
  });

  it('follows a link that is turned, in another folder too', async () => {
    for (const version of ['v1', 'v2']) {
      mkdirSync(path.join(folder, version));
      writeFileSync(path.join(folder, version, 'c.yaml'), version);
    }
    const link = path.join(folder, 'current');
    symlinkSync('v1', link);
    file = path.join(link, 'c.yaml');
    watch = watchConfig(file, (text) => seen.push(text), { text: 'v1', settleMs: 30, pollMs: 100 });
    symlinkSync('v2', `${link}~`);
    renameSync(`${link}~`, link);
    expect(await seenAfter(1)).toEqual(['v2']);
  });

  it('hands on what did not change when it is told to, but not half of it', async () => {
    start();
    expect(await watch.readAgain()).toBeNull();
    expect((await seenAfter(1))[0]).toBe('a: 1');
    writeFileSync(file, '');
    expect(await watch.readAgain()).toMatchObject({ problem: 'is empty' });
    await sleep(150);
    writeFileSync(file, 'a: 2');
    await vi.waitUntil(() => seen.at(-1) === 'a: 2', { timeout: 3000 });
    expect(new Set(seen)).toEqual(new Set(['a: 1', 'a: 2']));
  });

  it('says nothing once stopped', async () => {
    start();
    writeFileSync(file, 'a: 2');
    watch.stop();
    await sleep(250);
    expect(seen).toEqual([]);
  });
});
