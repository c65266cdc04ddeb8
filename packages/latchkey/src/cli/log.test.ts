import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const LOG = JSON.stringify(new URL('./log.ts', import.meta.url).href);

/** What a program that logs this field writes to its standard error. */
function logged(field: string): string {
  const script = `import { createLog } from ${LOG}; createLog({})('warn', 'seen', { tool: ${JSON.stringify(field)} });`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stderr;
}

describe('createLog', () => {
  it.each([
    '\u0000\u001b[31m\u007f\u0085\u009b31m',
    'a\u2028{"level":50}\u2029',
    '\u202e\u2066\u061c\u200b\ufeff',
    '\u{e0041}\ud800',
    'é 日本 🙂 "\\"',
  ])('writes %j on one line that steers no terminal, and the same for programs', (field) => {
    const written = logged(field);
    expect(written.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(written.at(-1)).toBe('\n');
    expect(JSON.parse(written)).toMatchObject({ msg: 'seen', tool: field });
  });
});
