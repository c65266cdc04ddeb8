import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { commandTool, parameter, shellTool } from '../../../../../test/fixtures/declared-tool.ts';
import { createToolRunner } from './runner.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-hostile-'));
const marker = join(folder, 'marker');
const output = join(folder, 'output');
process.env['LATCHKEY_TEST_SECRET'] = 'a-secret-of-the-gateway';
const runner = createToolRunner();
afterAll(async () => {
  await runner.close();
  delete process.env['LATCHKEY_TEST_SECRET'];
  rmSync(folder, { recursive: true });
});

const touch = `touch ${marker}`;
const HOSTILE: readonly string[] = [
  '',
  ' ',
  '  a  b  ',
  "'",
  '"',
  '`',
  "''",
  '""',
  "it's",
  `'; ${touch}; '`,
  `"; ${touch}; "`,
  `'"; ${touch}; #`,
  `; ${touch}`,
  `& ${touch} &`,
  `| ${touch}`,
  `|| ${touch}`,
  `&& ${touch}`,
  `$(${touch})`,
  `"$(${touch})"`,
  `'$(${touch})'`,
  `\`${touch}\``,
  `\\\`${touch}\\\``,
  `$\{X:-$(${touch})}`,
  `$((a[$(${touch})]))`,
  `a[$(${touch})]`,
  `x=$(${touch}) y`,
  `<(${touch})`,
  `>${marker}`,
  `<<EOF\n$(${touch})\nEOF`,
  `\n${touch}\n`,
  `\r\n${touch}\r\n`,
  `a\nb\n\n`,
  `\t${touch}`,
  `() { :; }; ${touch}`,
  `}; ${touch}; {`,
  `); ${touch}; (`,
  `\${LATCHKEY_TEST_SECRET}`,
  '$LATCHKEY_TEST_SECRET',
  '${HOME}',
  '$HOME',
  '~',
  '~root',
  '%s%n%d%%',
  '%LATCHKEY_TEST_SECRET%',
  '\\',
  '\\\\',
  "\\'",
  '\\"',
  '\\n\\x41\\101',
  'trailing\\',
  '*',
  '/*',
  '?',
  '[a-z]*',
  '{a,b}',
  '{1..9}',
  '!!',
  '!$',
  '^a^b',
  '=ls',
  '#comment',
  '-',
  '--',
  '-n',
  '-e',
  '--help',
  '-rf /',
  '-o ProxyCommand=x',
  '{{x}}',
  '{{other}}',
  '$1',
  '$@',
  '$#',
  '$?',
  '$$',
  '$0',
  '${x@P}',
  '${(e)x}',
  '$[1+1]',
  "$'\\x41'",
  'é 🔑 漢字',
  '\u202e\u200b\u2028\u2029\ufeff',
  '\u0001\u0007\u001b[31m\u007f\u0080\u009b',
  'A'.repeat(100_000),
  `${'$('.repeat(10_000)}${touch}`,
  "'".repeat(50_000),
];

const SHELLS = ['/bin/sh', '/bin/bash', '/bin/dash', '/bin/zsh'].filter((shell) => existsSync(shell));
const X = [parameter('x', { required: true }), parameter('other', { default: `$(${touch})` })];
const environment = { OUTPUT: output };
const { signal } = new AbortController();

async function runWith(tool: ReturnType<typeof shellTool>, x: string): Promise<string> {
  rmSync(output, { force: true });
  expect(await runner.call(tool, { x }, signal)).toEqual({ text: '', isError: false });
  return readFileSync(output, 'utf8');
}

const onlyOutput = (): void => expect(readdirSync(folder)).toEqual(['output']);

describe.skipIf(process.platform === 'win32')('values of callers', { timeout: 60_000 }, () => {
  it('are hostile in more than 40 ways', () => {
    expect(new Set(HOSTILE).size).toBeGreaterThan(60);
    expect(SHELLS.length).toBeGreaterThan(1);
  });

  it.each(SHELLS)('are values to %s, never syntax', async (shell) => {
    const tool = shellTool('printf "%s" "${GANTZ_ARG_X}" > "$OUTPUT"', { shell, parameters: X, environment });
    for (const value of HOSTILE) expect(await runWith(tool, value)).toBe(value);
    onlyOutput();
  });

  it.each(SHELLS)('are one argument of a program that %s starts', async (shell) => {
    const script = `/bin/sh -c 'printf "%s\\0" "$@" > "$OUTPUT"' sh --before "\${GANTZ_ARG_X}" "a\${GANTZ_ARG_X}b" --after`;
    const tool = shellTool(script, { shell, parameters: X, environment });
    for (const value of HOSTILE.filter(({ length }) => length < 1000))
      expect((await runWith(tool, value)).split('\0')).toEqual(['--before', value, `a${value}b`, '--after', '']);
    onlyOutput();
  });

  it('are one argument of a command, the empty one too', async () => {
    const args = [
      '-c',
      'printf "%s\\0" "$@" > "$OUTPUT"',
      'sh',
      '{{x}}',
      '--name={{x}}',
      '{{x}}{{x}}',
      '--',
      '{{other}}',
    ];
    const tool = commandTool('/bin/sh', args, { parameters: X, environment });
    for (const value of HOSTILE.filter(({ length }) => length < 60_000))
      expect((await runWith(tool, value)).split('\0')).toEqual([
        value,
        `--name=${value}`,
        `${value}${value}`,
        '--',
        `$(${touch})`,
        '',
      ]);
    onlyOutput();
  });

  it('arrive as they were sent, whatever they are', async () => {
    const tool = commandTool('/bin/sh', ['-c', 'printf "%s\\0" "$GANTZ_ARG_X" "$1" > "$OUTPUT"', 'sh', '{{x}}'], {
      parameters: X,
      environment,
    });
    const values = fc
      .string({ unit: 'binary', maxLength: 50 })
      .filter((text) => text.isWellFormed() && !text.includes('\0'));
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        expect((await runWith(tool, value)).split('\0')).toEqual([value, value, '']);
      }),
      { numRuns: 200 },
    );
    onlyOutput();
  });

  it('that are no texts are JSON', async () => {
    const tool = shellTool('printf "%s|" "$GANTZ_ARG_N" "$GANTZ_ARG_I" "$GANTZ_ARG_B" "$GANTZ_ARG_A" "$GANTZ_ARG_O"', {
      parameters: (['n', 'i', 'b', 'a', 'o'] as const).map((name, i) =>
        parameter(name, { type: (['number', 'integer', 'boolean', 'array', 'object'] as const)[i] ?? 'string' }),
      ),
    });
    const args = { n: -1.5, i: 2 ** 53 - 1, b: false, a: ['$(id)', { b: null }], o: { "'": '"' } };
    const { text } = await runner.call(tool, args, signal);
    expect(text).toBe(`-1.5|9007199254740991|false|["$(id)",{"b":null}]|{"'":"\\""}|`);
  });
});
