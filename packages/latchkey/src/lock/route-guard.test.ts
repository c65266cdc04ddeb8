import { describe, expect, it } from 'vitest';
import { toIncoming, type Sent } from '../../../../test/fixtures/incoming.ts';
import { makeLock, type LockSettings } from '../../../../test/library/hand-made-lock.ts';
import { createPolicy } from '../core/create-policy.ts';
import type { Principal } from '../core/principal.ts';
import type { Answer } from '../core/upstream.ts';
import type { Passage } from './passage.ts';
import { FOLD_URI } from '../core/resource-uri.ts';

const TOKENS = { alice: ['report:read'], bob: [] };
const FEW = { count: 2, periodMs: 60_000 };
const MANY = { count: 6000, periodMs: 60_000 };
const LIMITS = {
  requestsPerAddress: MANY,
  failedPerAddress: MANY,
  callsPerCredential: MANY,
  bodyBytes: 1000,
  listBytes: 1000,
  sessions: 2,
  streams: 2,
};

function ask(settings: Partial<LockSettings> = {}, scopes: readonly string[] = ['report:read']) {
  const made = makeLock({ tokens: TOKENS, ...settings });
  const guard = made.latchkey.protect({ scopes });
  const send = async (sent: Sent): Promise<number | 'passed'> => {
    const admission = await guard.admit(toIncoming(sent));
    return admission.kind === 'passed' ? 'passed' : admission.answer.status;
  };
  return { ...made, guard, send, reasons: () => made.trail.map(({ reason }) => reason) };
}

describe('createRouteGuard', () => {
  it('admits at once where nothing has to wait, and later where something has', async () => {
    const { guard } = ask();
    expect(guard.admit(toIncoming({ token: 'alice' }))).toMatchObject({ kind: 'passed', whole: true, message: null });
    const later = guard.admit(toIncoming({ token: 'slow-alice' }));
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toMatchObject({ kind: 'passed', principal: { id: 'alice' } });
  });

  it('asks for each of its scopes, and for none where it has none', async () => {
    const { send, reasons } = ask();
    expect([await send({ token: 'alice' }), await send({ token: 'bob' })]).toEqual(['passed', 403]);
    expect(reasons()).toEqual(['policy-scope']);
    expect(await ask({}, []).send({ token: 'bob' })).toBe('passed');
    expect(await ask({}, ['report:read', 'more']).send({ token: 'alice' })).toBe(403);
  });

  it('asks a stranger who it is before it says what is missing', async () => {
    const { send, trail } = ask({ strangers: ['other'] });
    expect([await send({}), trail[0]?.neededScopes]).toEqual([401, ['report:read']]);
    expect(await ask({ strangers: ['report:read'] }).send({})).toBe('passed');
    expect(await ask({}).send({})).toBe(401);
    expect(await ask({ parts: { verifier: null } }).send({})).toBe('passed');
  });

  it('asks for a credential where it asks for no scope, whatever strangers may do elsewhere', async () => {
    const { send, trail } = ask({ strangers: ['report:read'] }, []);
    expect([await send({}), trail[0]?.reason]).toEqual([401, 'credential-missing']);
    expect(await send({ token: 'bob' })).toBe('passed');
    expect(await ask({ parts: { verifier: null } }, []).send({})).toBe('passed');
  });

  it('goes by the implied scopes of the policy in force', async () => {
    const { send, lock } = ask({ tokens: { carol: ['admin'] } });
    expect(await send({ token: 'carol' })).toBe(403);
    const none = { tools: [], resources: [], prompts: [], methods: [] };
    lock.policy = createPolicy({ ...none, implies: new Map([['admin', ['report:read']]]), list: 'callable' }, FOLD_URI);
    expect([await send({ token: 'carol' }), await send({ token: 'carol' })]).toEqual(['passed', 'passed']);
  });

  it('reads headers in one way only, before it asks who is there', async () => {
    const { send, reasons } = ask();
    const twice: Sent = {
      headers: [
        ['authorization', 'Bearer alice'],
        ['Authorization', 'Bearer bob'],
      ],
    };
    expect(await send(twice)).toBe(400);
    expect(await send({ token: 'alice', headers: [['x_api_key', 'k']] })).toBe(400);
    const many = Array.from({ length: 101 }, (_, at) => [`x-${at}`, ''] as const);
    expect(await send({ token: 'alice', headers: many })).toBe(431);
    expect(await send({ token: 'alice', headers: [['x-api-key', 'k']] })).toBe(400);
    expect(reasons()).toEqual(['header-repeated', 'framing', 'headers-too-large', 'credential-ambiguous']);
  });

  it('takes a key as X-API-Key, and only what may be one', async () => {
    const { send, reasons } = ask();
    expect(await send({ headers: [['x-api-key', 'alice']] })).toBe('passed');
    expect(await send({ headers: [['x-api-key', 'not a key']] })).toBe(401);
    expect(await send({ headers: [['authorization', 'Basic YTpi']] })).toBe(401);
    expect(await send({ headers: [['authorization', 'bEaReR   alice']] })).toBe('passed');
    expect(
      await send({
        headers: [
          ['authorization', 'DPoP alice'],
          ['dpop', 'a.b.c'],
        ],
      }),
    ).toBe('passed');
    expect(await send({ headers: [['authorization', 'Bearer al ice']] })).toBe(401);
    expect(reasons()).toEqual(['credential-malformed', 'credential-malformed', 'credential-malformed']);
  });

  it('counts requests and failures of an address, and lets in who was there before', async () => {
    const few = ask({ parts: { limits: { ...LIMITS, requestsPerAddress: FEW } } });
    const first = [await few.send({ token: 'alice' }), await few.send({ token: 'alice' })];
    expect([...first, await few.send({ token: 'alice' })]).toEqual(['passed', 'passed', 429]);
    expect(await few.send({ token: 'alice', address: '' })).toBe('passed');
    const { send, reasons } = ask({ parts: { limits: { ...LIMITS, failedPerAddress: FEW } } });
    expect(await send({ token: 'alice' })).toBe('passed');
    for (let at = 0; at < 3; at += 1) await send({ token: 'wrong' });
    expect(reasons()).toEqual(['credential-unknown', 'credential-unknown', 'limit-failures']);
    // A right guess looks like a wrong one.
    expect([await send({ token: 'bob' }), await send({ token: 'alice' })]).toEqual([429, 'passed']);
    expect(await send({ token: 'wrong', address: '' })).toBe(401);
  });

  it('counts calls of a credential', async () => {
    const { send } = ask({ parts: { limits: { ...LIMITS, callsPerCredential: FEW } } });
    for (let at = 0; at < 2; at += 1) expect(await send({ token: 'alice' })).toBe('passed');
    expect([await send({ token: 'alice' }), await send({ token: 'bob' })]).toEqual([429, 403]);
  });

  it('takes nothing in clear text but from this machine, and marks what came that way', async () => {
    const { send, trail } = ask();
    expect(await send({ token: 'alice', encrypted: false })).toBe(400);
    expect(trail[0]).toMatchObject({ reason: 'clear-text', exposed: true, principal: 'alice' });
    expect(await send({ token: 'wrong', encrypted: false })).toBe(400);
    expect(await send({ token: 'two words', encrypted: false })).toBe(400);
    expect(await send({ token: 'alice', headers: [['x-api-key', 'k']], encrypted: false })).toBe(400);
    // Whatever else was wrong with it.
    expect(await send({ token: 'alice', headers: [['x_api_key', 'k']], encrypted: false })).toBe(400);
    expect(await send({ encrypted: false })).toBe(401);
    expect(trail.map(({ exposed = false }) => exposed)).toEqual([true, true, true, true, true, false]);
    expect(await send({ token: 'alice', encrypted: false, address: '127.0.0.1' })).toBe('passed');
    expect(await send({ token: 'alice', encrypted: false, address: '' })).toBe('passed');
    const strict = ask({ parts: { encryptedOnly: true }, strangers: ['report:read'] });
    expect(await strict.send({ token: 'alice', encrypted: false, address: '127.0.0.1' })).toBe(400);
    expect(await strict.send({ encrypted: false, address: '' })).toBe(400);
    expect(await strict.send({})).toBe('passed');
  });

  it.each([
    ['credential-expired', 401, {}],
    ['store-unavailable', 503, { detail: 'closed' }],
    ['proof-nonce', 401, { nonce: 'n' }],
    ['credential-claims', 401, { detail: 'aud' }],
  ] as const)('answers a credential that is refused as %s', async (reason, status, more) => {
    const { guard, trail } = ask({
      parts: {
        proofAlgorithms: 'ES256',
        verifier: { name: 'refusing', verify: () => ({ kind: 'reject', reason, ...more }) as never },
      },
    });
    const admission = await guard.admit(
      toIncoming({
        headers: [
          ['authorization', 'DPoP a.b'],
          ['dpop', 'p.q.r'],
        ],
      }),
    );
    expect(admission).toMatchObject({ kind: 'refused', answer: { status } });
    expect(trail[0]?.reason).toBe(reason);
  });

  it('hands on the nonce for the next proof', async () => {
    const principal = { id: 'x', scopes: new Set(['*']), expiresAt: null } as unknown as Principal;
    const verifier = { name: 'nonce', verify: () => ({ kind: 'accept', principal, nonce: 'n2' }) as const };
    const admission = ask({ parts: { verifier } }).guard.admit(toIncoming({ token: 'a' }));
    expect(admission).toMatchObject({ kind: 'passed', headers: ['dpop-nonce', 'n2'] });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('bug');
      },
    ],
    ['rejects', () => Promise.reject(new Error('bug'))],
  ] as const)('lets nobody in where its verifier %s, and says so to its owner', async (_how, verify) => {
    const { send, errors, reasons } = ask({ parts: { verifier: { name: 'broken', verify } } });
    expect(await send({ token: 'alice' })).toBe(500);
    expect([errors.map(String), reasons()]).toEqual([['Error: bug'], ['internal']]);
  });

  it('lets nobody in whom nothing says who it is', async () => {
    const { guard, errors } = ask({
      parts: { verifier: { name: 'odd', verify: () => ({ kind: 'accept' }) as never } },
    });
    expect(await guard.admit(toIncoming({ token: 'alice' }))).toMatchObject({ answer: { status: 500 } });
    expect(errors).toHaveLength(1);
  });

  it('does nothing that cannot be written down, and reads what is sent before it says so', async () => {
    const down = { healthy: false, record: () => {}, flush: async () => {}, close: async () => {} };
    const { send } = ask({ parts: { trail: down } });
    expect(await send({ token: 'alice' })).toBe(503);
    expect(
      await send({
        headers: [
          ['origin', 'a'],
          ['origin', 'b'],
        ],
      }),
    ).toBe(400);
    expect(await ask({ parts: { trail: null } }).send({ token: 'alice' })).toBe('passed');
  });

  it('writes one line for each request: when it is refused, or when its answer is over', () => {
    const { guard, trail, lock } = ask();
    const passage = guard.admit(toIncoming({ token: 'alice' })) as Passage;
    expect([trail.length, lock.open.size]).toEqual([0, 1]);
    passage.onEnded(() => {});
    passage.finish(200);
    passage.finish(500);
    expect(trail.map(({ decision, status, principal }) => [decision, status, principal])).toEqual([
      ['allow', 200, 'alice'],
    ]);
    expect(lock.open.size).toBe(0);
    const other = guard.admit(toIncoming({ token: 'alice' })) as Passage;
    const to = {} as Answer;
    expect(other.show(to)).toBe(to);
    expect(other.refuse({ reason: 'upstream-invalid' })).toMatchObject({ status: 502 });
    other.finish(502);
    expect(trail[1]).toMatchObject({ decision: 'allow', reason: 'upstream-invalid', status: 502 });
  });
});
