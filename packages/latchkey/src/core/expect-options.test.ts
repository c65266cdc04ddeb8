import { describe, expect, it } from 'vitest';
import { expectOptions } from './expect-options.ts';

const expectSome = (options: unknown): void =>
  expectOptions<{ format?: string; audience?: string }>('make', options as object, {
    format: ['jwt', 'opaque'],
    audience: null,
  });

describe('expectOptions', () => {
  it('takes what is known, also where it is not there', () => {
    for (const options of [{}, { format: 'opaque', audience: 'x' }, { format: undefined }])
      expect(() => expectSome(options)).not.toThrow();
  });

  it.for([
    [{ audiense: 'x' }, 'make: audiense: unknown option; did you mean audience?'],
    [{ xyzzy: 1 }, 'make: xyzzy: unknown option; known are format, audience'],
    [
      { format: 'jtw', scope: 'a' },
      'make: format: expected jwt or opaque; scope: unknown option; known are format, audience',
    ],
    [{ format: null }, 'make: format: expected jwt or opaque'],
    [null, 'make: expected an object'],
    ['opaque', 'make: expected an object'],
    [[], 'make: expected an object'],
  ] as const)('does not take %j', ([options, said]) => {
    expect(() => expectSome(options)).toThrow(new TypeError(said));
  });
});
