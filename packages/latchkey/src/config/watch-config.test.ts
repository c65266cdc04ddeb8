import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchConfig, type ConfigWatch } from './watch-config.ts';

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
    const told: string[] = [];
    const onTrouble = (why: string): void => void told.push(why);
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
    expect(told).toEqual([expect.stringContaining('ENOENT'), 'is no file']);
    expect(seen).toEqual(['a: 2']);
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
    expect(await watch.readAgain()).toBe(true);
    expect((await seenAfter(1))[0]).toBe('a: 1');
    writeFileSync(file, '');
    expect(await watch.readAgain()).toBe(false);
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
