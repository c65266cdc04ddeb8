import { describe, expect, it } from 'vitest';
import { parseChallenges } from './challenge.ts';

const read = (...values: string[]) =>
  parseChallenges(values).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('parseChallenges', () => {
  it('reads quoted and plain parameters, names in any case', () => {
    expect(read(String.raw`Bearer error="a \"b\"", Scope=x,resource_metadata = "https://h/a,b"`)).toEqual([
      ['Bearer', { error: 'a "b"', scope: 'x', resource_metadata: 'https://h/a,b' }],
    ]);
  });

  it('reads several challenges, in one header and in several', () => {
    expect(read('Basic realm="x", Bearer', 'DPoP algs="ES256"')).toEqual([
      ['Basic', { realm: 'x' }],
      ['Bearer', {}],
      ['DPoP', { algs: 'ES256' }],
    ]);
  });

  it('ends where it cannot read on', () => {
    expect(read('', '"', 'Bearer realm="open, error=x')).toEqual([['Bearer', {}]]);
    expect(read('Negotiate YWJj==')).toHaveLength(1);
  });
});
