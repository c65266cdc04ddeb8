import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { commandTool, parameter, shellTool } from '../../../../../test/fixtures/declared-tool.ts';
import type { DeclaredTool } from '../../core/declared-tool.ts';
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
const { signal } = new AbortController();
const unset = parameter('other', { default: `$(${touch})` });
/** One parameter for each value: a shell that took one of them for syntax would lose the others too. */
const nameOf = (index: number): string => `v${index}`;
const variableOf = (index: number): string => `"\${GANTZ_ARG_V${index}}"`;

/** What a script writes into $OUTPUT, in pieces that end with NUL. */
async function runWith(
  values: readonly string[],
  create: (more: Pick<DeclaredTool, 'parameters' | 'environment'>) => DeclaredTool,
): Promise<readonly string[]> {
  rmSync(output, { force: true });
  const names = values.map((_value, index) => parameter(nameOf(index), { required: true }));
  const tool = create({ parameters: [...names, unset], environment: { OUTPUT: output } });
  const args = Object.fromEntries(values.map((value, index) => [nameOf(index), value]));
  expect(await runner.call(tool, args, signal)).toEqual({ text: '', isError: false });
  expect(readdirSync(folder)).toEqual(['output']);
  return readFileSync(output, 'utf8').split('\0').slice(0, -1);
}

const SHORT = HOSTILE.filter(({ length }) => length < 1000);
const PRINT = `printf '%s\\0' "$@" > "$OUTPUT"`;

describe.skipIf(process.platform === 'win32')('values of callers', { timeout: 60_000 }, () => {
  it('are hostile in more than 40 ways', () => {
    expect(new Set(HOSTILE).size).toBeGreaterThan(60);
    expect(SHELLS.length).toBeGreaterThan(1);
  });

  it.each(SHELLS)('are values to %s, never syntax', async (shell) => {
    const script = `printf '%s\\0' ${HOSTILE.map((_value, index) => variableOf(index)).join(' ')} > "$OUTPUT"`;
    expect(await runWith(HOSTILE, (more) => shellTool(script, { shell, ...more }))).toEqual(HOSTILE);
  });

  it.each(SHELLS)('are one argument of a program that %s starts', async (shell) => {
    const args = SHORT.map((_value, index) => `${variableOf(index)} a${variableOf(index)}b`).join(' ');
    const script = `/bin/sh -c '${PRINT.replaceAll("'", '"')}' sh --before ${args} --after`;
    const written = await runWith(SHORT, (more) => shellTool(script, { shell, ...more }));
    expect(written).toEqual(['--before', ...SHORT.flatMap((value) => [value, `a${value}b`]), '--after']);
  });

  it('are one argument of a command, the empty one too', async () => {
    const values = HOSTILE.filter(({ length }) => length < 60_000);
    const args = values.flatMap((_value, index) => {
      const place = `{{${nameOf(index)}}}`;
      return [place, `--name=${place}`, `${place}${place}`];
    });
    const written = await runWith(values, (more) =>
      commandTool('/bin/sh', ['-c', PRINT, 'sh', ...args, '{{other}}'], more),
    );
    expect(written).toEqual([
      ...values.flatMap((value) => [value, `--name=${value}`, `${value}${value}`]),
      `$(${touch})`,
    ]);
  });

  it('arrive as they were sent, whatever they are', async () => {
    const value = fc
      .string({ unit: 'binary', maxLength: 50 })
      .filter((text) => text.isWellFormed() && !text.includes('\0'));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 20, maxLength: 20 }), async (values) => {
        const args = values.flatMap((_value, index) => [`{{${nameOf(index)}}}`]);
        const script = `${PRINT.replace('"$@"', `"$@" ${values.map((_value, index) => variableOf(index)).join(' ')}`)}`;
        const written = await runWith(values, (more) => commandTool('/bin/sh', ['-c', script, 'sh', ...args], more));
        expect(written).toEqual([...values, ...values]);
      }),
      { numRuns: 30 },
    );
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
