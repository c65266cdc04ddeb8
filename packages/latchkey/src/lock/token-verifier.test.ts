import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import type { TrailEntry } from '../core/trail.ts';
import type { Verdict } from '../core/verifier.ts';
import { createLatchkey } from './create-latchkey.ts';
import type { PolicyOptions } from './options.ts';

const principal = { ...createAnonymous(['admin']), expiresAt: 5e12 };

const lockBy = (verdict: Verdict, policy: PolicyOptions = {}, trail: TrailEntry[] = []) =>
  createLatchkey({
    resource: 'https://api.example/mcp',
    verifiers: [{ name: 'test', verify: () => verdict }],
    policy,
    trail: (entry) => void trail.push(entry),
  });
const rejection = (promise: Promise<unknown>): Promise<Record<string, unknown> & Error> =>
  promise.then(
    () => {
      throw new Error('was not rejected');
    },
    (error: Record<string, unknown> & Error) => error,
  );

async function endOf(expiresAt: number | null): Promise<number> {
  const lock = lockBy({ kind: 'accept', principal: { ...principal, expiresAt } });
  return (await lock.toTokenVerifier().verifyAccessToken('x')).expiresAt;
}

describe('toTokenVerifier', () => {
  it('spells out what scopes imply, and for * all that there are', async () => {
    const policy = {
      tools: { a: { scopes: ['a'] } },
      scopes: { admin: { implies: ['b'] }, other: { implies: ['c'] } },
    };
    const scopesFor = async (scopes: readonly string[], options?: object) => {
      const verdict = { kind: 'accept', principal: { ...principal, scopes: new Set(scopes) } } as const;
      return (await lockBy(verdict, policy).toTokenVerifier(options).verifyAccessToken('x')).scopes;
    };
    expect(await scopesFor(['admin'])).toEqual(['admin', 'b']);
    expect(await scopesFor(['x'], { scopes: ['d'] })).toEqual(['x']);
    expect((await scopesFor(['*'], { scopes: ['d'] })).toSorted()).toEqual(['*', 'a', 'admin', 'b', 'c', 'd', 'other']);
  });

  it('gives what never ends a far end, since the SDK takes nothing without one', async () => {
    expect(await endOf(5e12)).toBe(5e9);
    expect(new Date((await endOf(null)) * 1000).toISOString()).toBe('9999-12-31T23:59:59.000Z');
  });

  it('rejects as each line of the SDK knows its own, and writes down why', async () => {
    const trail: TrailEntry[] = [];
    const lock = lockBy({ kind: 'reject', reason: 'credential-expired' }, {}, trail);
    class InvalidTokenError extends Error {}
    const error = await rejection(lock.toTokenVerifier({ InvalidTokenError }).verifyAccessToken('x'));
    expect(error).toBeInstanceOf(InvalidTokenError);
    expect(error['code']).toBe('invalid_token');
    expect((error as never)[Symbol.for('mcp.sdk.errorBrands')]).toEqual(new Set(['mcp.OAuthError']));
    expect((error['toResponseObject'] as () => object)()).toEqual({
      error: 'invalid_token',
      error_description: 'The credential is not valid here.',
    });
    expect(await rejection(lock.toTokenVerifier().verifyAccessToken('x'))).toMatchObject({ code: 'invalid_token' });
    expect(trail).toMatchObject([
      { decision: 'deny', reason: 'credential-expired', status: 401, address: '' },
      { decision: 'deny', reason: 'credential-expired', status: 401 },
    ]);
  });

  it('rejects otherwise where nobody could decide', async () => {
    const trail: TrailEntry[] = [];
    const lock = lockBy({ kind: 'reject', reason: 'store-unavailable' }, {}, trail);
    const error = await rejection(lock.toTokenVerifier().verifyAccessToken('x'));
    expect(error['code']).toBeUndefined();
    expect(trail).toMatchObject([{ reason: 'store-unavailable', status: 500 }]);
    const unwritten = createLatchkey({
      resource: 'https://api.example/mcp',
      verifiers: [{ name: 'test', verify: () => ({ kind: 'accept', principal }) }],
      trail: { healthy: false, record() {}, flush: async () => {}, close: async () => {} },
    });
    expect((await rejection(unwritten.toTokenVerifier().verifyAccessToken('x')))['code']).toBeUndefined();
  });

  it('hands the token on only where it was asked to, and takes no options that are none', async () => {
    const lock = lockBy({ kind: 'accept', principal });
    expect((await lock.toTokenVerifier().verifyAccessToken('x')).token).toBe('[redacted]');
    expect((await lock.toTokenVerifier({ withToken: true }).verifyAccessToken('x')).token).toBe('x');
    expect(() => lock.toTokenVerifier({ withTokens: true } as never)).toThrow(/did you mean withToken/);
    expect(() => lock.toTokenVerifier({ InvalidTokenError: 1 } as never)).toThrow(/expected a function/);
  });
});
