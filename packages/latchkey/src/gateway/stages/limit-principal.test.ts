import { describe, expect, it } from 'vitest';
import {
  NOW,
  person,
  stageGateway,
  type SentToStage,
  type Staged,
  type StagedSettings,
} from '../../../../../test/fixtures/stages.ts';
import type { Principal } from '../../core/principal.ts';
import type { Exchange } from '../exchange.ts';
import { limitPrincipalStage } from './limit-principal.ts';
import { sseStage } from './sse.ts';

const ALICE = person('alice');
const BOB = person('bob');
const INITIALIZE: SentToStage = { message: { id: 1, method: 'initialize', params: {} } };
const LISTEN: SentToStage = { message: { id: 1, method: 'subscriptions/listen', params: {} } };
const GET: SentToStage = {};
const SSE: SentToStage = { target: '/sse' };
const FULL = { reason: 'limit-sessions', retryAfterSeconds: 60 };
const CROWDED = { reason: 'limit-streams', retryAfterSeconds: 60 };

/** Two sessions and two streams each, three streams from an address. */
function create(settings: StagedSettings = {}) {
  const gateway = stageGateway(settings);
  const stage = limitPrincipalStage(gateway.state);
  const ask = (sent: SentToStage, more: Partial<Exchange> = {}) => {
    const exchange = gateway.exchange({ ...sent, with: more });
    const result = stage.run(exchange);
    return { result, exchange };
  };
  return {
    gateway,
    ask,
    refusalOf: (sent: SentToStage, more: Partial<Exchange> = {}) => ask(sent, more).result,
    /** Is let in, and stays open. */
    hold(sent: SentToStage, more: Partial<Exchange> = {}) {
      const { result, exchange } = ask(sent, more);
      expect(result).toBeNull();
      gateway.state.open.add(exchange);
      return exchange;
    },
  };
}

function openSession({ state, server }: Staged, id: string, principal: Principal = ALICE, at = NOW): string {
  return state.sessions.open(server, principal, id, at);
}

describe('limitPrincipalStage', () => {
  it('refuses a request of nobody, and more calls than a credential may make', () => {
    const { refusalOf } = create({ limits: { callsPerCredential: { count: 1, periodMs: 60_000 } } });
    expect(refusalOf(GET, { principal: null })).toEqual({ reason: 'internal' });
    expect(refusalOf(GET)).toBeNull();
    expect(refusalOf(INITIALIZE)).toMatchObject({ reason: 'limit-principal' });
    expect(refusalOf(INITIALIZE, { principal: BOB })).toBeNull();
  });

  it('refuses one session more than a principal may have, by whichever way it is opened', () => {
    const { gateway, ask, refusalOf } = create();
    openSession(gateway, 'a');
    expect(ask(INITIALIZE)).toMatchObject({ result: null, exchange: { opening: true, stream: false } });
    expect(ask(SSE)).toMatchObject({ result: null, exchange: { opening: false, stream: true } });
    openSession(gateway, 'b');
    expect([refusalOf(INITIALIZE), refusalOf(SSE)]).toEqual([FULL, FULL]);
    expect(refusalOf(INITIALIZE, { principal: BOB })).toBeNull();
  });

  it('counts what has no session yet: streams without one, and sessions that are being opened', () => {
    const { gateway, refusalOf, hold } = create();
    hold(INITIALIZE);
    expect(refusalOf(INITIALIZE)).toBeNull();
    const stream = gateway.exchange(SSE);
    expect(sseStage(gateway.state).run(stream)).toBe('done');
    expect(refusalOf(INITIALIZE)).toEqual(FULL);
    expect(refusalOf(INITIALIZE, { principal: BOB })).toBeNull();
    stream.answer?.closed();
    expect(refusalOf(INITIALIZE)).toBeNull();
    openSession(gateway, 'a');
    expect(refusalOf(INITIALIZE)).toEqual(FULL);
  });

  it('takes no other request for one that opens a session', () => {
    const { gateway, ask, refusalOf } = create();
    for (const id of ['a', 'b']) openSession(gateway, id);
    const call = { message: { id: 1, method: 'tools/list' } };
    for (const sent of [GET, call, LISTEN, { ...INITIALIZE, target: '/messages' }, { ...call, target: '/sse' }])
      expect(ask(sent)).toMatchObject({ result: null, exchange: { opening: false } });
    expect(refusalOf(INITIALIZE)).toEqual(FULL);
  });

  it('ends a session that was left alone to make room, and none in which something is answered', () => {
    const { gateway, refusalOf, hold } = create();
    const busy = openSession(gateway, 'busy');
    openSession(gateway, 'left', ALICE, NOW + 1);
    hold({ headers: { 'mcp-session-id': busy } }, { sessionId: 'busy' });
    expect(refusalOf(INITIALIZE, { startedAt: NOW + 60_000 })).toEqual({ ...FULL, retryAfterSeconds: 1 });
    expect(refusalOf(INITIALIZE, { startedAt: NOW + 60_001 })).toBeNull();
    expect(gateway.ended).toEqual(['left']);
    openSession(gateway, 'new', ALICE, NOW + 60_001);
    expect(refusalOf(INITIALIZE, { startedAt: NOW + 60_001 })).toEqual(FULL);
  });

  it('says when the next session gives up its place, where one would', () => {
    const { gateway, refusalOf, hold } = create({ limits: { sessionYieldMs: 3_600_000 } });
    const [one, two] = [openSession(gateway, 'one'), openSession(gateway, 'two', ALICE, NOW + 10_000)];
    const waitAt = (startedAt: number): unknown => refusalOf(INITIALIZE, { startedAt });
    expect(waitAt(NOW + 10_000)).toEqual({ ...FULL, retryAfterSeconds: 3590 });
    hold({ headers: { 'mcp-session-id': one } }, { sessionId: 'one' });
    expect(waitAt(NOW + 10_500)).toEqual({ ...FULL, retryAfterSeconds: 3600 });
    hold({ headers: { 'mcp-session-id': two } }, { sessionId: 'two' });
    expect(waitAt(NOW + 10_500)).toEqual(FULL);
  });

  it('refuses one stream more than a principal may have, whatever kind it is of', () => {
    const { ask, refusalOf, hold } = create();
    for (const sent of [GET, LISTEN]) expect(hold(sent)).toMatchObject({ stream: true });
    for (const sent of [GET, LISTEN, SSE]) expect(refusalOf(sent)).toEqual(CROWDED);
    for (const sent of [INITIALIZE, { method: 'DELETE' }, { message: { id: 1, method: 'tools/list' } }])
      expect(ask(sent)).toMatchObject({ result: null, exchange: { stream: false } });
    expect(refusalOf(GET, { principal: BOB })).toBeNull();
  });

  it('refuses one stream more than may come from an address, whoever opens it', () => {
    const { refusalOf, hold } = create();
    for (const name of ['a', 'b', 'c']) hold(GET, { principal: person(name) });
    expect(refusalOf(GET)).toEqual(CROWDED);
    expect(refusalOf(GET, { address: '192.0.2.8' })).toBeNull();
    expect(refusalOf(INITIALIZE)).toBeNull();
  });
});
