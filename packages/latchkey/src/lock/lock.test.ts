import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toIncoming } from '../../../../test/fixtures/incoming.ts';
import { makeLock, type LockSettings } from '../../../../test/library/hand-made-lock.ts';
import { createAnonymous, type Principal } from '../core/principal.ts';
import { createGuard, type GuardKind } from './lock.ts';
import type { Passage, Refused } from './passage.ts';

const REQUEST = toIncoming({ token: 'alice' });
const noClock = (): never => {
  throw new Error('no clock');
};

/** A lock that lets everybody in, each for a minute. */
function make(parts: LockSettings['parts'] = {}) {
  const alice: Principal = { ...createAnonymous([]), id: 'alice', kind: 'token', expiresAt: Date.now() + 60_000 };
  const verifier = { name: 'test', verify: () => ({ kind: 'accept', principal: alice }) as const };
  const made = makeLock({ tokens: {}, parts: { verifier, ...parts } });
  const guard = made.latchkey.protect();
  return {
    ...made,
    alice,
    guard,
    pass: () => guard.admit(REQUEST) as Passage,
    refuse: (by = guard) => (by.admit(REQUEST) as Refused).answer,
    guardBy: (judge: GuardKind['judge']) =>
      createGuard(made.lock, { mcp: null, check: () => null, judge, show: () => ({ whole: true, show: (to) => to }) }),
  };
}

describe('createGuard', () => {
  it('lets nobody in while no clock tells whose credential ended, and writes that down all the same', () => {
    const { refuse, errors, trail } = make({ now: noClock });
    expect(refuse().status).toBe(500);
    expect(errors).toEqual([new Error('no clock')]);
    expect(trail).toMatchObject([{ decision: 'deny', reason: 'internal', httpMethod: 'GET', status: 500 }]);
  });

  it('lets nobody in where it is not known who it is, and writes down who it was where it is', () => {
    const { alice, guardBy, refuse, lock, errors, trail } = make();
    expect(refuse(guardBy(() => null)).status).toBe(500);
    const failing = guardBy((asking) => {
      asking.principal = alice;
      return noClock();
    });
    expect(refuse(failing).status).toBe(500);
    expect([errors, lock.open.size]).toEqual([[expect.any(TypeError), new Error('no clock')], 0]);
    expect(trail).toMatchObject([{ principal: null }, { principal: 'alice' }]);
  });

  it('refuses what its door could not describe', () => {
    const { guard, errors, trail } = make();
    const error = new Error('odd request');
    expect(guard.fail('PUT', error)).toMatchObject({ kind: 'refused', answer: { status: 500 } });
    expect(errors).toEqual([error]);
    expect(trail).toMatchObject([{ decision: 'deny', reason: 'internal', httpMethod: 'PUT', address: '' }]);
  });

  it('says when to ask again where it cannot let anybody in now', () => {
    const { refuse, lock } = make();
    lock.closed = true;
    expect(refuse()).toMatchObject({ status: 503, headers: expect.arrayContaining(['retry-after', '5']) });
    const trail = { healthy: false, record: () => {}, flush: async () => {}, close: async () => {} };
    expect(make({ trail }).refuse()).toMatchObject({
      status: 503,
      headers: expect.arrayContaining(['retry-after', '1']),
    });
  });

  it('speaks JSON-RPC to who speaks MCP, and to nobody else', () => {
    const { refuse, lock, latchkey } = make();
    lock.closed = true;
    expect(JSON.parse(refuse().body)).not.toHaveProperty('jsonrpc');
    expect(JSON.parse(refuse(latchkey.protectMcp()).body)).toHaveProperty('jsonrpc', '2.0');
  });

  it('gives each request an id of its own, and its answer no header that is not needed', () => {
    const { pass, trail } = make();
    for (const passage of [pass(), pass()]) {
      expect(passage.headers).toEqual([]);
      passage.finish(200);
    }
    const ids = trail.map(({ requestId }) => requestId);
    expect([new Set(ids).size, ids.every((id) => /^[0-9a-f]{8}-\d+$/.test(id))]).toEqual([2, true]);
  });
});

describe('an answer under way', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is cut when its credential has ended, as soon as that can be', async () => {
    const { pass, errors } = make();
    const cut = vi.fn<() => void>();
    const passage = pass();
    await vi.advanceTimersByTimeAsync(61_000);
    passage.onEnded(cut);
    await vi.advanceTimersByTimeAsync(250);
    expect([cut.mock.calls.length > 0, errors]).toEqual([true, []]);
    passage.onEnded(noClock);
    await vi.advanceTimersByTimeAsync(250);
    expect(errors).toContainEqual(new Error('no clock'));
    passage.finish(200);
  });

  it('is cut when no clock tells whether its credential has ended, and nothing is written down of that', async () => {
    let now = Date.now;
    const { pass, errors, trail } = make({ now: () => now() });
    const cut = vi.fn<() => void>();
    const passage = pass();
    passage.onEnded(cut);
    now = noClock;
    await vi.advanceTimersByTimeAsync(250);
    expect([cut.mock.calls.length > 0, trail]).toEqual([true, []]);
    expect(errors).toContainEqual(new Error('no clock'));
    passage.finish(200);
  });
});
