import { describe, expect, it } from 'vitest';
import { createAnonymous } from './principal.ts';
import { Secret } from './secret.ts';
import type { Verdict, Verifier } from './verifier.ts';
import { whenReady } from './when-ready.ts';

const accept: Verdict = { kind: 'accept', principal: createAnonymous([]) };
const made: Verifier = { name: 'made', verify: () => accept };
const ask = (verifier: Verifier) =>
  verifier.verify({ scheme: 'bearer', secret: new Secret('x'), proof: null }, 'default', 0);

describe('whenReady', () => {
  it('answers by a promise until the verifier is there, and then at once', async () => {
    const verifier = whenReady(Promise.resolve(made));
    const first = ask(verifier);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toBe(accept);
    expect(ask(verifier)).toBe(accept);
  });

  it('rejects where it could not be made', async () => {
    await expect(ask(whenReady(Promise.reject(new Error('no'))))).rejects.toThrow('no');
  });
});
