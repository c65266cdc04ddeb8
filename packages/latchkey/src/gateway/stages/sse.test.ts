import { describe, expect, it } from 'vitest';
import { person, stageGateway, writtenTo, type SentToStage, type Staged } from '../../../../../test/fixtures/stages.ts';
import type { Exchange } from '../exchange.ts';
import type { SseStream } from '../sse/stream.ts';
import { sseStage } from './sse.ts';

const CALL = { id: 1, method: 'tools/call', params: { name: 'echo' } };

/** Opens a stream for alice, and gives it with where its messages are to be posted. */
async function open(gateway: Staged, sent: SentToStage = {}) {
  const exchange = gateway.exchange({ target: '/sse', ...sent });
  expect(sseStage(gateway.state).run(exchange)).toBe('done');
  // Node gathers what is written at once.
  await new Promise(setImmediate);
  const written = writtenTo(exchange);
  const target = /^event: endpoint\ndata: (\S+)\n\n/.exec(written.body)?.[1] ?? '';
  return { exchange, stream: exchange.answer as SseStream, target, ...written };
}

function post(gateway: Staged, target: string, message: object = CALL, sent: SentToStage = {}) {
  const exchange = gateway.exchange({ target, message, ...sent });
  return { result: sseStage(gateway.state).run(exchange), exchange };
}

const reasonOf = ({ result }: ReturnType<typeof post>) => (result as { reason?: string } | null)?.reason;

describe('sseStage', async () => {
  it('leaves requests of the other transport alone', () => {
    const gateway = stageGateway();
    for (const sent of [{}, { message: CALL }, { target: '/mcp/tools' }, { target: '/nowhere' }])
      expect(sseStage(gateway.state).run(gateway.exchange(sent))).toBeNull();
  });

  it('opens a stream that tells where to post, and that nothing between keeps or holds back', async () => {
    const gateway = stageGateway();
    const { exchange, status, headers, target } = await open(gateway, { with: { origin: 'https://app.example' } });
    expect([status, target]).toEqual([200, expect.stringMatching(/^\/messages\?sessionId=[\w-]{43}$/)]);
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': 'https://app.example',
    });
    expect(gateway.state.open.toArray()).toEqual([exchange]);
  });

  it('opens none for nobody', () => {
    const gateway = stageGateway();
    const exchange = gateway.exchange({ target: '/sse', with: { principal: null } });
    expect(sseStage(gateway.state).run(exchange)).toEqual({ reason: 'internal' });
    expect([writtenTo(exchange).status, gateway.state.open.size]).toEqual([0, 0]);
  });

  it('finds the stream that a message is posted to', async () => {
    const gateway = stageGateway();
    const [first, second] = [await open(gateway), await open(gateway)];
    const { result, exchange } = post(gateway, second.target, CALL, { headers: { accept: 'text/html' } });
    expect([result, exchange.sse === second.stream, exchange.headers.accept]).toEqual([null, true, null]);
    expect(exchange.headers.sessionId).toBeNull();
    first.stream.keep('sealed', 'own');
    expect(post(gateway, first.target).exchange.headers.sessionId).toBe('sealed');
  });

  it('knows no stream that is another’s, ended, or was never there', async () => {
    const gateway = stageGateway();
    const { target, stream } = await open(gateway);
    const unknown = (...asked: Parameters<typeof post> extends [Staged, ...infer Rest] ? Rest : never) => {
      const found = post(gateway, ...asked);
      expect([reasonOf(found), found.exchange.sse]).toEqual(['session-unknown', null]);
    };
    unknown(target, CALL, { with: { principal: person('bob') } });
    unknown(target, CALL, { with: { principal: null } });
    unknown(`${target}x`);
    unknown(`${target}&a=1`);
    unknown(target.replace('sessionId=', 'a=1&sessionId='));
    unknown(`/messages?sessionId=${'A'.repeat(43)}`);
    unknown('/messages?sessionId=');
    expect(reasonOf(post(gateway, target))).toBeUndefined();
    stream.conclude();
    unknown(target);
  });

  it('tells who names no stream that it has to', async () => {
    const gateway = stageGateway();
    await open(gateway);
    for (const target of ['/messages', '/messages?', '/messages?id=1'])
      expect(reasonOf(post(gateway, target))).toBe('session-missing');
  });

  it('refuses a message that names a session of the other transport too', async () => {
    const gateway = stageGateway();
    const { target } = await open(gateway);
    const sealed = gateway.state.sessions.open(gateway.server, person('alice'), 'own', 0);
    const found = post(gateway, target, CALL, { headers: { 'mcp-session-id': sealed } });
    expect([reasonOf(found), found.exchange.sse]).toEqual(['session-unknown', null]);
  });

  it('refuses more messages under way than a stream may have, and an id that is in use', async () => {
    const gateway = stageGateway();
    const { target, stream } = await open(gateway);
    const outstanding = { cancel: () => {} };
    stream.expect('1', outstanding);
    expect(reasonOf(post(gateway, target))).toBe('id-in-use');
    for (const message of [{ id: 1, result: {} }, { method: 'notifications/initialized' }, { ...CALL, id: '1' }])
      expect(reasonOf(post(gateway, target, message))).toBeUndefined();
    for (let id = 2; id <= 100; id += 1) stream.expect(String(id), outstanding);
    expect(post(gateway, target, { ...CALL, id: 101 }).result).toEqual({
      reason: 'limit-streams',
      retryAfterSeconds: 1,
    });
  });

  it('has the session that its upstream opened last, and ends the one before', async () => {
    const gateway = stageGateway();
    const { sessions } = gateway.state;
    const [first, second] = ['first', 'second'].map((id) => sessions.open(gateway.server, person('alice'), id, 0));
    const { exchange, stream } = await open(gateway, { headers: { 'mcp-session-id': first as string } });
    const state = ({ headers, sessionId }: Exchange) => [headers.sessionId, sessionId, gateway.ended];
    expect(state(exchange)).toEqual([null, null, []]);
    stream.keep(first as string, 'first');
    stream.keep(first as string, 'first');
    expect(state(exchange)).toEqual([first, 'first', []]);
    expect(sessions.countOf(person('alice'))).toBe(2);
    expect(gateway.state.open.inSession(first as string)).toBe(true);
    stream.keep(second as string, 'second');
    expect(state(exchange)).toEqual([second, 'second', ['first']]);
    stream.closed();
    expect(gateway.ended).toEqual(['first', 'second']);
  });

  it('is forgotten when it is closed, with a session or without', async () => {
    const gateway = stageGateway();
    const alice = person('alice');
    const { target, stream } = await open(gateway);
    expect(gateway.state.streams.countWithoutSession(alice)).toBe(1);
    stream.closed();
    expect([gateway.state.streams.countWithoutSession(alice), gateway.ended]).toEqual([0, []]);
    expect(reasonOf(post(gateway, target))).toBe('session-unknown');
  });
});
