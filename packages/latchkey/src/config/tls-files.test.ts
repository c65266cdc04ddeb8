import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAuthorities } from './tls-files.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-tls-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(text: string): string {
  const file = path.join(folder, 'ca.pem');
  writeFileSync(file, text);
  return file;
}

describe('readAuthorities', () => {
  it('reads what is named, and nothing where nothing is', () => {
    const text = `# The authorities of the house\n${rootCertificates.slice(0, 2).join('\n')}\n`;
    expect(readAuthorities(write(text))).toBe(text);
    expect(readAuthorities(null)).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['a key', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string],
    ['a broken certificate', '-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n'],
  ])('takes no file with %s', (_, text) => {
    const file = write(text);
    expect(() => readAuthorities(file)).toThrow(
      expect.objectContaining({ code: 'E_TLS', message: expect.stringContaining(file) }),
    );
  });

  it('takes no file that is not there', () => {
    expect(() => readAuthorities(path.join(folder, 'nowhere.pem'))).toThrow(expect.objectContaining({ code: 'E_TLS' }));
  });
});

describe.skipIf(process.platform === 'win32')('replaceTlsPair', () => {
  it('waits for no pipe: while it did, nobody would be answered', () => {
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) => path.join(folder, name)) as [string, string];
    writeFileSync(cert, 'a certificate');
    execFileSync('mkfifo', ['-m', '600', key]);
    const script = `
      import { replaceTlsPair } from ${JSON.stringify(new URL('./tls-files.ts', import.meta.url).href)};
      const log = (level, text, fields) => console.log(level, fields.error);
      replaceTlsPair({ setTls() {} }, ${JSON.stringify({ cert, key })}, log);`;
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 10_000,
      killSignal: 'SIGKILL',
    });
    expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining(`${key} is no plain file`) });
  });
});
