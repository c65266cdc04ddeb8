import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CATALOGUE, toCheckId } from './catalogue.ts';

/** Ids that tests are named by. */
function usedIds(): ReadonlySet<string> {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts'));
  const ids = files.flatMap((file) => {
    const text = readFileSync(`${import.meta.dirname}/${file}`, 'utf8');
    return [...text.matchAll(/\btest(?:\.[\w.]+)?(?:\([^\n]*?\))?\(\s*['"`]([A-Z]+-\d+)\b/g)].map(
      ([, id]) => id as string,
    );
  });
  return new Set(ids);
}

test('each check of the catalogue has a test', () => {
  const ids = Object.entries(CATALOGUE).flatMap(([area, numbers]) => numbers.map((number) => toCheckId(area, number)));
  expect([...usedIds()].toSorted()).toEqual(ids.toSorted());
});
