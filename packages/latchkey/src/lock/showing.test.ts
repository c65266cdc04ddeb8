import { describe, expect, it } from 'vitest';
import { isCacheable, isShowing, passesWhole } from './showing.ts';

describe('passesWhole', () => {
  it.each([
    ['tools/list', true, false, false],
    ['subscriptions/listen', true, false, false],
    ['GET', true, false, false],
    ['resources/read', false, true, false],
    ['server/discover', true, false, false],
    ['initialize', true, false, false],
    ['tools/call', false, false, true],
    ['DELETE', false, false, true],
  ])('%s: shows %s, may be cached %s, passes whole %s', (method, shows, cached, whole) => {
    expect([isShowing(method), isCacheable(method), passesWhole(method)]).toEqual([shows, cached, whole]);
  });
});
