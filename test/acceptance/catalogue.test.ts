import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** The checks of the acceptance catalogue that these tests hold, by area. */
const CATALOGUE: Readonly<Record<string, readonly number[]>> = {
  HDR: [1, 2, 4, 5, 7, 8, 9, 10, 12, 13, 14, 20, 22, 23, 24, 29, 32, 33, 34, 36, 37, 38, 40, 41, 42, 43, 46, 47, 49],
  LEG: [1, 2, 3, 4, 5, 8, 10, 11, 14, 17, 19, 20, 21],
  RSA: [1, 2, 3, 4, 5, 6, 11, 12, 17, 20, 21, 22, 23, 24, 26, 27, 28, 29, 32, 33, 34, 35, 36],
  UP: [1, 2, 3, 4, 5, 6, 10, 11, 12, 14, 15, 16, 19],
};

const toId = (area: string, number: number): string => `${area}-${String(number).padStart(2, '0')}`;

/** Ids that tests are named by. */
function usedIds(): ReadonlySet<string> {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts'));
  const ids = files.flatMap((file) => {
    const text = readFileSync(`${import.meta.dirname}/${file}`, 'utf8');
    return [...text.matchAll(/\btest(?:\.[\w.]+)?(?:\([^'"`\n]*\))?\(\s*['"`]([A-Z]+-\d+)\b/g)].map(
      ([, id]) => id as string,
    );
  });
  return new Set(ids);
}

test('each check of the catalogue has a test', () => {
  const ids = Object.entries(CATALOGUE).flatMap(([area, numbers]) => numbers.map((number) => toId(area, number)));
  const used = usedIds();
  const areas = Object.entries(CATALOGUE).map(([area, numbers]) => {
    const held = numbers.filter((number) => used.has(toId(area, number)));
    return `${area} ${held.length} of ${numbers.length}`;
  });
  console.log(`catalogue: ${areas.join(', ')}`);
  expect([...used].toSorted()).toEqual(ids.toSorted());
});
