import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseToolsFile } from './load-tools-file.ts';

const PAGE = readFileSync(new URL('../../../../../docs/tools-file.md', import.meta.url), 'utf8');
const ENV = { HOME: '/home/ana', PROD_DATABASE_URL: 'postgres://db' };
const read = (text: string) => parseToolsFile(text, { file: 'gantz.yaml', env: ENV, platform: 'linux' });

/** A cell of the table of what does not load: its code spans, `|` unescaped. */
function spansOf(cell: string): readonly string[] {
  return [...cell.matchAll(/``\s(.*?)\s``|`([^`]+)`/g)].map(([, double, single]) =>
    (double ?? single ?? '').replaceAll('\\|', '|'),
  );
}

function load(shell: string, type = 'string'): unknown {
  const names = [...shell.matchAll(/\{\{ ?(\w+) ?\}\}/g)]
    .map(([, name]) => name ?? '')
    .filter((name) => name !== 'typo');
  const parameters = [...new Set(names)].map((name) => ({ name, type }));
  return read(JSON.stringify({ tools: [{ name: 't', description: 'd', parameters, script: { shell } }] }));
}

describe('docs/tools-file.md', () => {
  it('holds files that load', () => {
    const files = [...PAGE.matchAll(/```yaml[^\n]*\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
    expect(files).toHaveLength(5);
    for (const file of files) expect(read(file).tools.tools.length).toBeGreaterThan(0);
  });

  it('tells what really does not load', () => {
    const [, table = ''] = /### What does not load([\s\S]*?)### Warnings/.exec(PAGE) ?? [];
    const refused = table
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) => spansOf(line.split(/(?<!\\) \| /)[0] ?? ''))
      .filter((span) => span.includes('{{'));
    expect(refused.length).toBeGreaterThan(20);
    for (const script of refused) expect(() => load(script)).toThrow('tools.t.script.shell');
  });

  it('tells what to write instead', () => {
    for (const script of [
      'sh -c \'ls "$1"\' sh {{path}}',
      'python3 -c \'import sys; print(sys.argv[1])\' "{{x}}"',
      'awk -v x="{{x}}" \'$0 ~ x\'',
      'jq --arg x "{{x}}" \'.[] | select(.id == $x)\'',
      'psql -v x="{{x}}" -f query.sql',
      'psql -c "{{sql}}"',
      'ssh -- {{host}} uptime',
      'find . -exec grep -- "{{x}}" {} +',
    ])
      expect(load(script)).toBeDefined();
    for (const script of ['echo $(( {{n}} + 1 ))', '[[ {{n}} -gt 3 ]]', 'let x={{n}}'])
      expect(load(script, 'integer')).toBeDefined();
  });
});
