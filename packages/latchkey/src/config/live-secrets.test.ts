import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLiveSecrets } from './live-secrets.ts';

const NOTHING = { replaced: [], waiting: [], kept: [] };

describe('createLiveSecrets', () => {
  let folder: string;
  let file: string;
  let other: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'));
    [file, other] = [join(folder, 'one'), join(folder, 'other')];
    for (const each of [file, other]) writeFileSync(each, 'old\n', { mode: 0o600 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Hands on secrets of every kind, and tells which were in use, one after the other. */
  function handOn(use: (key: string) => boolean = () => true) {
    const secrets = createLiveSecrets({ NAME: 'of the environment' });
    const used: string[] = [];
    secrets.hand({ key: { file }, more: { file: other }, env: { env: 'NAME' }, text: 'text' }, 'at', (read) => {
      const key = read.get('key')?.reveal() ?? '';
      if (used.length > 0 && !use(key)) return false;
      used.push(key);
      return true;
    });
    return { secrets, used };
  }

  it('hands secrets on, and again when the file that one is in was replaced', () => {
    const { secrets, used } = handOn();
    expect([secrets.files, used]).toEqual([[file, other], ['old']]);
    expect(secrets.readAgain(file)).toEqual(NOTHING);
    writeFileSync(file, 'new\n');
    expect(secrets.readAgain(other)).toEqual(NOTHING);
    expect(secrets.readAgain(file)).toEqual({ ...NOTHING, replaced: ['at.key'] });
    expect(secrets.readAgain(file)).toEqual(NOTHING);
    expect(used).toEqual(['old', 'new']);
  });

  it('keeps a secret whose file cannot be read, is empty or is open to others, and says why', () => {
    const { secrets, used } = handOn();
    const spoils = [
      () => writeFileSync(file, ''),
      () => {
        writeFileSync(file, 'new');
        chmodSync(file, 0o644);
      },
      () => rmSync(file),
    ];
    for (const spoil of spoils) {
      spoil();
      const error = expect.objectContaining({ code: 'E_SECRET_MISSING' }) as unknown;
      expect(secrets.readAgain(file)).toEqual({ ...NOTHING, kept: [{ key: 'at.key', error }] });
    }
    expect(used).toEqual(['old']);
  });

  it('reads nothing but that file: another may be gone, or a pipe that never ends', () => {
    const { secrets, used } = handOn();
    rmSync(other);
    writeFileSync(file, 'new');
    expect(secrets.readAgain(file)).toEqual({ ...NOTHING, replaced: ['at.key'] });
    writeFileSync(other, 'newer', { mode: 0o600 });
    writeFileSync(file, 'newer');
    expect(secrets.readAgain(other)).toEqual({ ...NOTHING, replaced: ['at.more'] });
    expect(secrets.readAgain(file)).toEqual({ ...NOTHING, replaced: ['at.key'] });
    expect(used).toEqual(['old', 'new', 'new', 'newer']);
  });

  it('keeps one that cannot be used, and tells each time of one that waits for a restart', () => {
    const failing = handOn(() => {
      throw new TypeError('no key');
    });
    const waiting = handOn(() => false);
    writeFileSync(file, 'new');
    for (const _ of ['once', 'twice']) {
      expect(failing.secrets.readAgain(file).kept).toMatchObject([{ key: 'at.key', error: { message: 'no key' } }]);
      expect(waiting.secrets.readAgain(file)).toEqual({ ...NOTHING, waiting: ['at.key'] });
    }
    writeFileSync(file, 'old');
    for (const { secrets } of [failing, waiting]) expect(secrets.readAgain(file)).toEqual(NOTHING);
  });
});
