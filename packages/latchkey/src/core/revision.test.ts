import { describe, expect, it } from 'vitest';
import { eraOf, LEGACY_REVISION, MODERN_REVISION, revisionsOf, streamableOf } from './revision.ts';

const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

describe('eraOf', () => {
  it('knows every published revision, and no other text', () => {
    expect(eraOf('2026-07-28')).toBe('modern');
    expect(LEGACY.map(eraOf)).toEqual(LEGACY.map(() => 'legacy'));
    for (const other of ['', '2026-07-27', '2026-07-28 ', '2025-11-25\n', 'DRAFT-2026-v1', 'constructor'])
      expect([other, eraOf(other)]).toEqual([other, null]);
  });
});

describe('revisionsOf', () => {
  it('offers those of the eras that a server speaks, newest first', () => {
    expect(revisionsOf('modern')).toEqual(['2026-07-28']);
    expect(revisionsOf('legacy')).toEqual(LEGACY);
    expect(revisionsOf('both')).toEqual(['2026-07-28', ...LEGACY]);
  });
});

describe('streamableOf', () => {
  it('leaves out what has no Streamable HTTP', () => {
    expect(streamableOf('both')).toEqual(['2026-07-28', ...LEGACY.slice(0, -1)]);
    expect(streamableOf('modern')).toEqual(['2026-07-28']);
  });
});

it('names the newest revision of each era', () => {
  expect([MODERN_REVISION, LEGACY_REVISION]).toEqual([revisionsOf('modern')[0], revisionsOf('legacy')[0]]);
});
