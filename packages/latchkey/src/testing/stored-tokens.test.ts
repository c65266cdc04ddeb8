import { describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.ts';
import type { Store } from '../core/store.ts';
import type { Verdict } from '../core/verifier.ts';
import { createMemoryStore } from '../store/memory/open.ts';
import { createStoredVerifier } from '../verify/stored-credential.ts';
import { createStoredTokens } from './stored-tokens.ts';

const judge = async (store: Store, token: string): Promise<Verdict> =>
  createStoredVerifier(store.credentials, { version: () => store.version(), prefixes: ['lk_', 'lkk_'] }).verify(
    { scheme: 'bearer', secret: new Secret(token), proof: null },
    'server',
    Date.now(),
  );

describe('createStoredTokens', () => {
  describe.for(['token', 'key'] as const)('of a %s', (kind) => {
    const wrong = [
      ['expired', 'credential-expired'],
      ['revoked', 'credential-revoked'],
      ['rotated', 'credential-expired'],
      ['wrongAudience', 'credential-audience'],
      ['unknown', 'credential-unknown'],
      ['mistyped', 'credential-malformed'],
    ] as const;

    it.for(wrong)('%s is refused as %s', async ([mistake, reason]) => {
      const store = createMemoryStore();
      const token = await createStoredTokens(store, { kind })[mistake]();
      expect(await judge(store, token)).toEqual({ kind: 'reject', reason });
    });

    it('valid and wrongScope are accepted with their scopes', async () => {
      const store = createMemoryStore();
      const tokens = createStoredTokens(store, { kind, scopes: ['file:read'] });
      const scopesOf = async (token: string) => {
        const verdict = await judge(store, token);
        return verdict.kind === 'accept' && verdict.principal.kind === kind && [...verdict.principal.scopes];
      };
      expect(await scopesOf(await tokens.valid())).toEqual(['file:read']);
      expect(await scopesOf(await tokens.valid({ scopes: ['x'] }))).toEqual(['x']);
      expect(await scopesOf(await tokens.wrongScope())).toEqual(['latchkey-testing:nothing']);
    });
  });

  it('have names of their own, or the one they are given, which must be free', async () => {
    const store = createMemoryStore();
    const tokens = createStoredTokens(store, { prefix: 'my_' });
    expect(await tokens.valid()).toMatch(/^my_/);
    await tokens.valid({ name: 'mine' });
    await expect(tokens.valid({ name: 'mine' })).rejects.toThrow(TypeError);
    expect(await store.credentials.list('token')).toMatchObject([{ name: 'test-1', scopes: ['*'] }, { name: 'mine' }]);
  });

  it('have names of their own beside those of another maker for the same store', async () => {
    const store = createMemoryStore();
    const [readers, writers] = [createStoredTokens(store), createStoredTokens(store, { scopes: ['write'] })];
    const made = [await readers.valid(), await writers.valid(), await writers.valid(), await readers.revoked()];
    expect(new Set(made).size).toBe(4);
    const names = (await store.credentials.list('token')).map(({ name }) => name);
    expect(names.toSorted()).toEqual(['test-1', 'test-2', 'test-3', 'test-4']);
  });

  it('mistypes whatever the last character is', async () => {
    const store = createMemoryStore();
    const tokens = createStoredTokens(store);
    for (let turn = 0; turn < 200; turn++)
      expect(await judge(store, await tokens.mistyped())).toEqual({ kind: 'reject', reason: 'credential-malformed' });
  });
});
