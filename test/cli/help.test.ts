import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { runLatchkey } from './run-latchkey.ts';

/** What each command says of itself, by its words. */
const helps = new Map<string, string>();

async function readHelp(words: readonly string[]): Promise<void> {
  const { code, stdout } = await runLatchkey([...words, '--help'], tmpdir());
  helps.set(words.join(' '), code === 0 ? stdout : '');
  const [, listed = ''] = /^Commands:\n([^]*?)\n\n/m.exec(`${stdout}\n\n`) ?? [];
  for (const [, name] of listed.matchAll(/^ {2}([a-z-]+)/gm)) {
    if (name !== 'help') await readHelp([...words, name as string]);
  }
}

beforeAll(() => readHelp([]), 120_000);

const examplesOf = (help: string): readonly string[] =>
  [...help.slice(help.indexOf('\nExamples:')).matchAll(/\blatchkey ([^|)\n]*)/g)].map(([, words]) => words as string);

describe('latchkey --help', () => {
  it('is there for every command', () => {
    expect(helps.size).toBeGreaterThan(25);
    expect([...helps].filter(([, text]) => text === '').map(([name]) => name)).toEqual([]);
  });

  it('tells defaults in words', () => {
    for (const [name, text] of helps)
      expect([name, text.replaceAll(/\s+/g, ' ')]).toEqual([name, expect.not.stringContaining('default: [')]);
  });

  it('lists commands by what each does, in a few words', () => {
    for (const [name, text] of helps) {
      const [, listed = ''] = /^Commands:\n([^]*?)\n\n/m.exec(`${text}\n\n`) ?? [];
      const summaries = listed.split(/\n(?= {2}\S)/).map((entry) => entry.trim().replace(/^.*? {2,}/, ''));
      for (const summary of summaries.filter(Boolean))
        expect([name, summary]).toEqual([name, expect.stringMatching(/^[a-z][^]*[^.]$/)]);
    }
  });

  it('says what examples do in one column', () => {
    for (const [name, text] of helps) {
      const lines = text.slice(text.indexOf('\nExamples:')).split('\n');
      const columns = lines.flatMap((line) => /^ {2}\S.*? {3,}(?=\S)/.exec(line)?.[0].length ?? []);
      expect([name, columns]).toEqual([name, columns.map(() => columns[0])]);
    }
  });

  it('has examples of commands and flags that there are', () => {
    const all = [...helps.values()].flatMap(examplesOf);
    expect(all.length).toBeGreaterThan(40);
    for (const example of all) {
      const [own = ''] = example.split(/ -- | {2,}/);
      const words = own.split(' ');
      const name = [words.slice(0, 2).join(' '), words[0] ?? ''].find((each) => helps.has(each));
      expect([example, name]).toEqual([example, expect.any(String)]);
      for (const [flag] of own.matchAll(/--[a-z][a-z-]*/g))
        expect([example, helps.get(name!)]).toEqual([example, expect.stringContaining(`${flag}`)]);
    }
  });
});

const help = (...words: string[]) => runLatchkey(words, tmpdir());

describe('latchkey help', () => {
  it('is the help of the command that is named', async () => {
    for (const words of [[], ['token'], ['token', 'create'], ['trail', 'verify']]) {
      const { code, stdout } = await help('help', ...words);
      expect([words, code, stdout]).toEqual([words, 0, helps.get(words.join(' '))]);
    }
    expect(await help('token', 'help', 'create')).toMatchObject({ code: 0, stdout: helps.get('token create') });
  });

  it.each([
    [['help', 'nope'], '`latchkey nope`', '`latchkey --help`'],
    [['help', 'tokn'], '`latchkey tokn`', 'Did you mean `latchkey token`?'],
    [['help', 'token', 'creat'], '`latchkey token creat`', 'Did you mean `latchkey token create`?'],
    [['token', 'help', 'xyzzy'], '`latchkey token xyzzy`', '`latchkey token --help`'],
    [
      ['help', 'trail', 'verify', 'x\u001b[2J'],
      '`latchkey trail verify x\\u001b[2J`',
      '`latchkey trail verify --help`',
    ],
  ])('names the word that it does not know: %s', async (words, named, hint) => {
    const { code, stdout, stderr } = await help(...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`E_USAGE There is no command ${named}`);
    expect(stderr).toContain(`hint: ${hint}`);
  });
});
