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
