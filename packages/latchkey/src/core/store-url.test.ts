import { expect, it } from 'vitest';
import { isStoreUrl } from './store-url.ts';

it.each([
  ['postgres://user@db/latchkey', true],
  ['File:///var/lib/latchkey', true],
  ['./.latchkey', false],
  ['/var/lib/latchkey', false],
  ['C:\\latchkey', false],
  ['postgres:latchkey', false],
])('isStoreUrl(%j) is %s', (store, url) => {
  expect(isStoreUrl(store)).toBe(url);
});
