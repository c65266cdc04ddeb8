import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOUNT_MISSING, mountSmallDisk } from '../../../../../test/fixtures/small-disk.ts';
import type { LatchkeyError } from '../../core/error.ts';
import { readSettingsFile, replaceSettingsFile } from './settings-file.ts';

const time = new Date('2026-11-26T10:05:00.123Z');
const options = { secret: false, time };

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'latchkey-settings-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

function refusal(name: string): string {
  try {
    readSettingsFile(at(name));
    return 'none';
  } catch (error) {
    return `${(error as LatchkeyError).code} ${(error as Error).message}`;
  }
}

describe.skipIf(process.platform === 'win32')('readSettingsFile refuses', () => {
  it('a file that is read-only, whoever asks', () => {
    writeFileSync(at('a.json'), '{}', { mode: 0o444 });
    expect(refusal('a.json')).toBe(`E_CLIENT_FILE ${at('a.json')} is read-only.`);
  });

  it.skipIf(process.geteuid?.() !== 0)('a file that belongs to another', () => {
    writeFileSync(at('a.json'), '{}');
    chownSync(at('a.json'), 65534, 65534);
    expect(refusal('a.json')).toContain('belongs to another user');
  });

  it('what is no plain file, has a second name, or points nowhere', () => {
    mkdirSync(at('folder.json'));
    expect(refusal('folder.json')).toContain('no plain file');
    execFileSync('mkfifo', [at('pipe.json')]);
    expect(refusal('pipe.json')).toContain('no plain file');
    writeFileSync(at('one.json'), '{}');
    linkSync(at('one.json'), at('two.json'));
    expect(refusal('two.json')).toContain('second name');
    symlinkSync('nowhere', at('dangling.json'));
    expect(refusal('dangling.json')).toContain('ENOENT');
  });
});

describe('replaceSettingsFile', () => {
  it('refuses where another program wrote meanwhile, and leaves what that wrote', () => {
    writeFileSync(at('a.json'), '{}');
    const file = readSettingsFile(at('a.json'));
    writeFileSync(at('a.json'), '{"theirs":1}');
    expect(() => replaceSettingsFile(file, Buffer.from('ours'), options)).toThrow('changed by another program');
    const absent = readSettingsFile(at('b.json'));
    writeFileSync(at('b.json'), 'theirs');
    expect(() => replaceSettingsFile(absent, Buffer.from('ours'), options)).toThrow('changed by another program');
    expect(readdirSync(folder).sort()).toEqual(['a.json', 'b.json']);
    expect(readFileSync(at('a.json'), 'utf8')).toBe('{"theirs":1}');
  });

  it('leaves everything as it was where the copy cannot be kept', () => {
    writeFileSync(at('a.json'), '{}');
    writeFileSync(at('a.json.bak-20261126T100500123Z'), 'an older copy');
    expect(() => replaceSettingsFile(readSettingsFile(at('a.json')), Buffer.from('ours'), options)).toThrow('EEXIST');
    expect(readFileSync(at('a.json'), 'utf8')).toBe('{}');
    expect(readFileSync(at('a.json.bak-20261126T100500123Z'), 'utf8')).toBe('an older copy');
  });

  it.skipIf(MOUNT_MISSING)('leaves no half of a copy on a disk that is full', () => {
    const disk = mountSmallDisk('64k');
    try {
      const path = join(disk.path, 'a.json');
      writeFileSync(path, `{"a":"${'x'.repeat(40_000)}"}`);
      expect(() => replaceSettingsFile(readSettingsFile(path), Buffer.from('ours'), options)).toThrow('ENOSPC');
      expect(readdirSync(disk.path)).toEqual(['a.json']);
    } finally {
      disk.close();
    }
  });

  it('makes the folders on the way to a new file', () => {
    expect(replaceSettingsFile(readSettingsFile(at('x/y/a.json')), Buffer.from('ours'), options)).toBeNull();
    expect(readFileSync(at('x/y/a.json'), 'utf8')).toBe('ours');
    expect(existsSync(at('x/y/a.json.new'))).toBe(false);
  });

  it.skipIf(process.platform === 'win32')('takes the rights of others away where a secret goes in, and no more', () => {
    writeFileSync(at('a.json'), '{}', { mode: 0o644 });
    replaceSettingsFile(readSettingsFile(at('a.json')), Buffer.from('ours'), { secret: true, time });
    expect(statSync(at('a.json')).mode & 0o777).toBe(0o600);
  });
});
