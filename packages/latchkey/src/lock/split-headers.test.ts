import { describe, expect, it } from 'vitest';
import { splitHeaders } from './split-headers.ts';

describe('splitHeaders', () => {
  it.each(['host', 'origin', 'authorization', 'x-api-key', 'dpop', 'content-length', 'transfer-encoding'])(
    'has a %s twice that came joined',
    (name) =>
      expect(
        splitHeaders(
          new Headers([
            [name, 'a'],
            [name, 'b'],
          ]),
        ),
      ).toEqual([name, 'a', name, 'b']),
  );

  it('leaves other lists, and single values, as they came', () => {
    expect(
      splitHeaders([
        ['accept', 'a, b'],
        ['host', 'a,b'],
        ['x-api-key', 'k'],
      ]),
    ).toEqual(['accept', 'a, b', 'host', 'a,b', 'x-api-key', 'k']);
  });
});
