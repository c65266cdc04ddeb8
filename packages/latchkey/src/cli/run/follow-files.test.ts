import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { requireConfig } from '../../config/load-config.ts';
import { followFiles, type Following } from './follow-files.ts';

let folder = '';
let file = '';
let said: Record<string, unknown>[] = [];
let following: Following;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-follow-'));
  file = path.join(folder, 'latchkey.yaml');
  writeFileSync(file, 'upstream: { url: http://127.0.0.1:1/mcp }\ntools: { echo: {} }\n');
  said = [];
  following = followFiles({
    running: {
      reload: () => [],
      setTls() {},
      secrets: { files: [], readAgain: () => ({ replaced: [], waiting: [], kept: [] }) },
      servers: [],
    },
    config: requireConfig({ file, env: {} }).config,
    file,
    flags: {},
    env: {},
    since: Date.now() + 1000,
    log: (level, text, fields) => void said.push({ level, text, ...fields }),
  });
});
afterEach(() => {
  following.stop();
  rmSync(folder, { recursive: true });
});

/** What is said with that text when the file is to be read again. */
async function saidAgain(text: string): Promise<unknown> {
  following.readAgain();
  const find = () => said.find((each) => each['text'] === text);
  await vi.waitUntil(find, { timeout: 3000, interval: 10 });
  return find();
}

describe('followFiles', () => {
  it('says what keeps a file from being read again, and what to do', async () => {
    rmSync(file);
    mkdirSync(file);
    const text = 'a file cannot be read again; what it said stays in force';
    expect(await saidAgain(text)).toEqual({
      level: 'error',
      text,
      file,
      problem: 'is a folder',
      hint: 'put a file in its place',
    });
  });

  it('says what to do about a configuration that is bad', async () => {
    writeFileSync(file, 'tolos: {}\n');
    const text = 'the changed configuration is bad; the old rules stay in force';
    expect(await saidAgain(text)).toMatchObject({ hint: expect.stringContaining('latchkey config check') });
  });
});
