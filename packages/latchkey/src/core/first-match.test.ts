import { describe, expect, it } from 'vitest';
import { createAnonymous } from './principal.ts';
import { Secret } from './secret.ts';
import type { Verdict, Verifier } from './verifier.ts';
import { firstMatch } from './first-match.ts';

const CREDENTIAL = { scheme: 'bearer', proof: null, secret: new Secret('x') } as const;
const skip: Verdict = { kind: 'skip' };
const accept: Verdict = { kind: 'accept', principal: createAnonymous([]) };
const expired: Verdict = { kind: 'reject', reason: 'credential-expired' };
const unavailable: Verdict = { kind: 'reject', reason: 'store-unavailable' };

const answering = (verdict: Verdict | Promise<Verdict>): Verifier => ({ name: 'test', verify: () => verdict });
const throwing: Verifier = {
  name: 'test',
  verify() {
    throw new Error('cannot decide');
  },
};
const ask = (...verifiers: Verifier[]) => firstMatch(verifiers).verify(CREDENTIAL, 'files', 0);

const ending = (expiresAt: number): Verdict => ({ kind: 'accept', principal: { ...createAnonymous([]), expiresAt } });
const verifyAt1000 = (verdict: Verdict | Promise<Verdict>) =>
  firstMatch([answering(verdict)]).verify(CREDENTIAL, 'files', 1000);

describe('firstMatch', () => {
  it('answers at once with the first that does not skip', () => {
    expect(ask(answering(skip), answering(accept), throwing)).toBe(accept);
    expect(ask(answering(expired), answering(accept))).toBe(expired);
  });

  it('gives each verifier what it was asked, under a name of its own', () => {
    const asked: unknown[] = [];
    const listening: Verifier = {
      name: 'test',
      verify(...given) {
        asked.push(given);
        return skip;
      },
    };
    expect(firstMatch([]).name).toBe('first-match');
    firstMatch([listening, listening]).verify(CREDENTIAL, 'db', 7);
    expect(asked).toEqual([
      [CREDENTIAL, 'db', 7],
      [CREDENTIAL, 'db', 7],
    ]);
  });

  it('gives the same to those that come after a promise', async () => {
    const asked: unknown[] = [];
    const later: Verifier = {
      name: 'test',
      verify(...given) {
        asked.push(given);
        return accept;
      },
    };
    await firstMatch([answering(Promise.resolve(skip)), later]).verify(CREDENTIAL, 'db', 7);
    expect(asked).toEqual([[CREDENTIAL, 'db', 7]]);
  });

  it('rejects as unknown when all skip, or nobody is asked', () => {
    expect(ask(answering(skip), answering(skip))).toEqual({ kind: 'reject', reason: 'credential-unknown' });
    expect(ask()).toEqual({ kind: 'reject', reason: 'credential-unknown' });
  });

  it('waits for promises in their turn', async () => {
    expect(await ask(answering(Promise.resolve(skip)), answering(skip), answering(Promise.resolve(accept)))).toBe(
      accept,
    );
    expect(await ask(answering(Promise.resolve(expired)), answering(accept))).toBe(expired);
  });

  it('lets nobody in when one cannot decide', async () => {
    expect(ask(answering(skip), throwing, answering(accept))).toEqual(unavailable);
    const rejecting: Verifier = { name: 'test', verify: () => Promise.reject(new Error('cannot decide')) };
    expect(await ask(rejecting, answering(accept))).toEqual(unavailable);
    expect(await ask(answering(Promise.resolve(skip)), throwing, answering(accept))).toEqual(unavailable);
  });

  it('tells why one could not decide', async () => {
    const told: unknown[] = [];
    const onError = (error: unknown): void => void told.push(error);
    const rejecting: Verifier = { name: 'test', verify: () => Promise.reject(new Error('cannot decide')) };
    for (const verifier of [throwing, rejecting])
      expect(await firstMatch([verifier], { onError }).verify(CREDENTIAL, 'files', 0)).toEqual(unavailable);
    expect(told).toEqual([new Error('cannot decide'), new Error('cannot decide')]);
  });

  const principal = createAnonymous([]);
  const garbage: readonly (readonly [string, unknown])[] = [
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    ['another kind', { kind: 'rejected', principal }],
    ['no kind', { principal }],
    ['a promise of another kind', Promise.resolve({ kind: 'allow', principal })],
    ['nobody', { kind: 'accept' }],
    ['null as a principal', { kind: 'accept', principal: null }],
    ['a principal without an id', { kind: 'accept', principal: { ...principal, id: undefined } }],
    ['scopes in a list', { kind: 'accept', principal: { ...principal, scopes: ['*'] } }],
    ['no scopes', { kind: 'accept', principal: { ...principal, scopes: undefined } }],
    ['an end that is no number', { kind: 'accept', principal: { ...principal, expiresAt: new Date(9e12) } }],
    ['NaN as an end', { kind: 'accept', principal: { ...principal, expiresAt: Number.NaN } }],
    ['servers in a list', { kind: 'accept', principal: { ...principal, servers: ['files'] } }],
    ['no word of an end', { kind: 'accept', principal: { ...principal, expiresAt: undefined } }],
  ];

  it.each(garbage)('throws for %s, which is no verdict', async (_what, given) => {
    const asked = firstMatch([answering(given as Verdict), answering(accept)]);
    await expect((async () => asked.verify(CREDENTIAL, 'files', 0))()).rejects.toThrow(
      new TypeError('verifier test: expected a Verdict: skip, reject, or accept with a principal'),
    );
  });

  it('takes nobody whose end is past', async () => {
    expect(verifyAt1000(ending(1000))).toEqual(expired);
    expect(await verifyAt1000(Promise.resolve(ending(999)))).toEqual(expired);
    expect(verifyAt1000(ending(1001))).toMatchObject({ kind: 'accept' });
  });

  const madeFor = (...servers: string[]): Verdict => ({
    kind: 'accept',
    principal: { ...principal, servers: new Set(servers) },
  });
  const elsewhere = { kind: 'reject', reason: 'credential-audience' };

  it('takes nobody at a server that the credential was not made for', async () => {
    expect(ask(answering(madeFor('db', 'files')))).toMatchObject({ kind: 'accept' });
    expect(ask(answering(madeFor('db')), answering(accept))).toEqual(elsewhere);
    expect(await ask(answering(Promise.resolve(madeFor())))).toEqual(elsewhere);
  });

  it('asks for no server where it is about the credential itself', () => {
    const asked = firstMatch([answering(madeFor('db'))]).verify(CREDENTIAL, '', 0);
    expect(asked).toMatchObject({ kind: 'accept' });
  });
});
