import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { toShellWord } from '../core/shell-word.ts';
import { resolveSecrets } from './secret-source.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-secret-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(content: string, mode: number): string {
  const file = path.join(folder, `${Math.random()}`);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

describe('resolveSecrets', () => {
  it('reads text, variables and files', () => {
    const file = fileOf('from file\n', 0o600);
    const read = resolveSecrets({ A: 'text', B: { env: 'NAME' }, C: { file } }, { NAME: 'from env' }, 'at');
    expect([...read].map(([name, secret]) => [name, secret.reveal()])).toEqual([
      ['A', 'text'],
      ['B', 'from env'],
      ['C', 'from file'],
    ]);
    expect(JSON.stringify([...read])).not.toContain('from');
  });

  it.runIf(process.getuid?.() === 0)('reads what root gives to a group', () => {
    expect(
      resolveSecrets({ A: { file: fileOf('x', 0o640) } }, {}, 'at')
        .get('A')
        ?.reveal(),
    ).toBe('x');
    const file = fileOf('x', 0o640);
    chownSync(file, 65_534, 65_534);
    expect(() => resolveSecrets({ A: { file } }, {}, 'at')).toThrow(
      expect.objectContaining({ code: 'E_SECRET_MISSING' }),
    );
  });

  it.each([
    [{ env: 'NONE' }],
    [{ env: 'EMPTY' }],
    [{ file: path.join(folder, 'none') }],
    [{ file: fileOf('\n', 0o600) }],
    [{ file: fileOf('x', 0o660) }],
    [{ file: fileOf('x', 0o604) }],
    [{ file: fileOf('x'.repeat(70_000), 0o600) }],
  ])('refuses %j', (source) => {
    expect(() => resolveSecrets({ A: source }, { EMPTY: '' }, 'at')).toThrow(
      expect.objectContaining({ code: 'E_SECRET_MISSING', message: expect.stringMatching(/^at\.A: /) }),
    );
  });

  it.skipIf(process.platform === 'win32')('tells what is no file so, with no advice to change its rights', () => {
    for (const [file, what] of [
      ['/dev/null', 'is a device'],
      [folder, 'is a folder'],
      [tmpdir(), 'is a folder'],
    ] as const) {
      expect(() => resolveSecrets({ A: { file } }, {}, 'at')).toThrow(
        expect.objectContaining({
          code: 'E_SECRET_MISSING',
          message: expect.stringContaining(`${file} ${what}`),
          hint: expect.not.stringContaining('chmod'),
        }),
      );
    }
  });

  it.skipIf(process.platform === 'win32')('gives advice that can be pasted into a shell', () => {
    const file = path.join(folder, "it's; open");
    writeFileSync(file, 'x');
    chmodSync(file, 0o644);
    expect(() => resolveSecrets({ A: { file } }, {}, 'at')).toThrow(
      expect.objectContaining({ hint: `chmod 600 ${toShellWord(file)}` }),
    );
  });
});
