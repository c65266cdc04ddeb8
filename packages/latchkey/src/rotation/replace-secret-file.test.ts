import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceSecretFile } from './replace-secret-file.ts';

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

describe('replaceSecretFile', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-secret-'));
    path = join(folder, 'token');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes a file that only its owner reads, also where there was another', async () => {
    await replaceSecretFile(path, 'one');
    expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual(['one', '600']);
    chmodSync(path, 0o666);
    await replaceSecretFile(path, 'two');
    expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual(['two', '600']);
    expect(readdirSync(folder)).toEqual(['token']);
  });

  it('replaces a symbolic link and leaves alone what it points to', async () => {
    const other = join(folder, 'other');
    writeFileSync(other, 'of somebody else');
    symlinkSync(other, path);
    await replaceSecretFile(path, 'one');
    expect([lstatSync(path).isFile(), readFileSync(path, 'utf8')]).toEqual([true, 'one']);
    expect(readFileSync(other, 'utf8')).toBe('of somebody else');
  });

  it('leaves nothing behind that it could not put in place', async () => {
    mkdirSync(path);
    await expect(replaceSecretFile(path, 'one')).rejects.toMatchObject({ syscall: 'rename' });
    expect(readdirSync(folder)).toEqual(['token']);
  });
});
