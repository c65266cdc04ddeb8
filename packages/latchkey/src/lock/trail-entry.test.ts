import { describe, expect, it } from 'vitest';
import { toIncoming } from '../../../../test/fixtures/incoming.ts';
import { makeLock } from '../../../../test/library/hand-made-lock.ts';
import { bytesOf } from '../core/bytes.ts';
import { parseMessage } from '../core/parse-message.ts';
import { createAnonymous, type Principal } from '../core/principal.ts';
import { refuse } from '../core/reason.ts';
import type { TrailEntry } from '../core/trail.ts';
import type { Asking } from './asking.ts';
import { createAsking } from './lock.ts';
import { type Ending, toTrailEntry } from './trail-entry.ts';

const STARTED = 1_000_000;
const ALLOWED: Ending = { outcome: null, decision: 'allow', server: 'api', status: 200, now: STARTED + 25 };
const ALICE: Principal = { ...createAnonymous([]), id: 'tok-1', name: 'alice', client: 'app' };

const { parts } = makeLock({ tokens: {}, parts: { now: () => STARTED } }).lock;

/** The entry of a request in which its steps found `found`. */
function entryOf(found: Partial<Asking> = {}, ending: Partial<Ending> = {}): TrailEntry {
  const asking = createAsking(parts, toIncoming({ method: 'POST' }));
  return toTrailEntry({ ...asking, requestId: 'r-1', ...found }, { ...ALLOWED, ...ending });
}

function called(method: string, params: object): Pick<Asking, 'message'> {
  const result = parseMessage(bytesOf(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
  if (result.kind === 'refused') throw new Error(result.refusal.detail);
  return { message: result.message };
}

describe('toTrailEntry', () => {
  it('says of a request of which nothing is known no more than how it came and ended', () => {
    expect(entryOf()).toStrictEqual({
      at: STARTED,
      requestId: 'r-1',
      address: '192.0.2.7',
      server: 'api',
      principal: null,
      credential: null,
      client: null,
      httpMethod: 'POST',
      method: null,
      target: null,
      decision: 'allow',
      reason: 'allowed',
      status: 200,
      durationMs: 25,
    });
  });

  it('has no negative duration where the clock was set back meanwhile', () => {
    expect(entryOf({}, { now: STARTED - 3_600_000 })).toMatchObject({ at: STARTED, durationMs: 0 });
  });

  it('says who asked, by which credential and client', () => {
    expect(entryOf({ principal: ALICE })).toMatchObject({ principal: 'tok-1', credential: 'alice', client: 'app' });
    expect(entryOf({ principal: createAnonymous([]) })).toMatchObject({ credential: 'anonymous', client: null });
  });

  it('says the method of the message, and another only where there is no message', () => {
    expect(entryOf(called('ping', {}), { method: 'tasks' })).toMatchObject({ method: 'ping' });
    expect(entryOf({}, { method: 'tasks' })).toMatchObject({ method: 'tasks' });
  });

  it.each([
    ['tools/call', { name: 'echo', uri: 'file:///a' }, 'echo'],
    ['resources/read', { uri: 'file:///a' }, 'file:///a'],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'greet' } }, 'greet'],
    ['completion/complete', { ref: { type: 'ref/resource', uri: 'file:///{p}' } }, 'file:///{p}'],
    ['tools/list', {}, null],
  ])('says what %s with %j was for', (method, params, target) => {
    expect(entryOf(called(method, params))).toMatchObject({ method, target });
  });

  it.each([
    ['a detail', { detail: 'Mcp-Name' }, { detail: 'Mcp-Name' }],
    ['the scopes that were needed', { scopes: ['read', 'write'] }, { neededScopes: ['read', 'write'] }],
    ['both', { scopes: ['read'], detail: 'x' }, { neededScopes: ['read'], detail: 'x' }],
    ['neither, where no scope was needed', { scopes: [] }, {}],
  ])('says of a refusal its reason and %s', (_, more, written) => {
    const denied = { decision: 'deny', status: 403 } as const;
    const entry = entryOf({}, { ...denied, outcome: refuse('policy-scope', more) });
    expect(entry).toStrictEqual({ ...entryOf(), ...denied, reason: 'policy-scope', ...written });
  });

  it('says that a credential was seen by anyone on the way, and no more than that', () => {
    expect(entryOf({ exposed: true })).toStrictEqual({ ...entryOf(), exposed: true });
  });
});
