import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LEFT_OUT } from './left-out.ts';

const names = (folder: string, files: RegExp): readonly string[] =>
  readdirSync(folder)
    .filter((file) => files.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return [...text.matchAll(/\btest\(\s*['"`](.+?)['"`],/g)].map(([, name]) => name as string);
    });

const asked = names(join(import.meta.dirname, '../acceptance'), /^(?:rsa|pol)-.*\.test\.ts$/);
const here = names(import.meta.dirname, /\.test\.ts$/);

test('what is left out is there, and what is asked instead is here', () => {
  for (const { name, instead } of LEFT_OUT) {
    // `POL-31 policy reload: ${what}` is a name of many.
    expect([name, asked.some((each) => each.startsWith(name))]).toEqual([name, true]);
    expect([instead, instead === undefined || here.includes(instead)]).toEqual([instead, true]);
  }
});

const idOf = (name: string): string => name.split(' ', 1)[0] ?? '';

test('no check is left out as a whole without a reason that is of the gateway alone', () => {
  const gone = new Set(asked.map(idOf));
  for (const name of [...asked.filter((each) => !LEFT_OUT.some((left) => each.startsWith(left.name))), ...here])
    gone.delete(idOf(name));
  expect([...gone].toSorted()).toEqual(['POL-28', 'POL-35']);
});
