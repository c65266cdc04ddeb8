import { describe, expect, it } from 'vitest';
import { makeLock } from '../../../../test/library/hand-made-lock.ts';
import type { Asking } from './asking.ts';
import { authorizeMessage } from './authorize-message.ts';
import { limitCalls } from './limit-calls.ts';

describe('authorizeMessage', () => {
  const { lock } = makeLock({ tokens: {} });
  const nobody = { principal: null, message: null } as Asking;

  it('lets nobody do anything', () => {
    expect(authorizeMessage(lock.state, nobody, lock.policy)).toEqual({ reason: 'internal' });
    expect(limitCalls(lock.state, nobody)).toEqual({ reason: 'internal' });
  });

  it('has a rule that says no rate of its own counted by that of all calls, once for each rule', () => {
    const rule = { pattern: '*', scopes: [], when: null, hidden: false, deny: false, limit: null };
    expect(lock.state.limiterOf(rule)).toBe(lock.state.limiterOf(rule));
    expect(lock.state.limiterOf(rule)).not.toBe(lock.state.limiterOf({ ...rule }));
  });
});
