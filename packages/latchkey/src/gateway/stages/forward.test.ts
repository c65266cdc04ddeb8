import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  NOW,
  person,
  stageGateway,
  writtenTo,
  type SentToStage,
  type Staged,
  type StagedSettings,
} from '../../../../../test/fixtures/stages.ts';
import { toPolicy } from '../../../../../test/library/hand-made-lock.ts';
import { PLAIN_ID } from '../../core/plain-call.ts';
import { refuse } from '../../core/reason.ts';
import { Secret } from '../../core/secret.ts';
import type { Exchange } from '../exchange.ts';
import { SseStream } from '../sse/stream.ts';
import { forwardStage } from './forward.ts';

const ALICE = person('alice');
const PLAIN = JSON.parse(PLAIN_ID) as unknown;
const CALL = { id: 1, method: 'tools/call', params: { name: 'echo' } };
const INITIALIZE = { id: 1, method: 'initialize', params: {} };
const INITIALIZED = { method: 'notifications/initialized' };
const JSON_TYPE = ['content-type', 'application/json'];
const ACCEPT = ['accept', 'application/json, text/event-stream'];
const EVENTS = ['content-type', 'text/event-stream'];

function forward(gateway: Staged, sent: SentToStage = { message: CALL }) {
  const exchange = gateway.exchange(sent);
  const before = gateway.handed.length;
  const result = forwardStage(gateway.state).run(exchange);
  const [handed = null, ...more] = gateway.handed.slice(before);
  expect(more).toEqual([]);
  return { result, exchange, handed };
}

/** Forwards, and has the upstream answer with that. */
function answerWith(gateway: Staged, sent: SentToStage, status: number, headers: readonly string[] = [], body = '{}') {
  const forwarded = forward(gateway, sent);
  forwarded.handed?.answer.start(status, [...JSON_TYPE, 'content-length', String(body.length), ...headers]);
  forwarded.handed?.answer.end(body);
  return { ...forwarded, ...writtenTo(forwarded.exchange) };
}

/** A stream of alice's, and what is posted to it. */
function openStream(gateway: Staged) {
  const opened = gateway.exchange({ target: '/sse' });
  const stream = new SseStream(opened.response, {
    asker: { principal: ALICE, subject: null },
    unreadBytes: 1 << 20,
    idleMs: 60_000,
    onSession: () => {},
    onClosed: () => {},
  });
  stream.open(EVENTS, '/messages');
  return {
    stream,
    post: (message: object, more: SentToStage = {}) =>
      forward(gateway, { target: '/messages', message, ...more, with: { sse: stream, ...more.with } }),
    /** The messages on it so far. */
    async heard(): Promise<unknown[]> {
      // Node gathers what is written at once.
      await new Promise(setImmediate);
      const events = writtenTo(opened).body.split('\n\n');
      return events.flatMap((event) => {
        const json = /^event: message\ndata: (.*)$/.exec(event)?.[1];
        return json === undefined ? [] : [JSON.parse(json)];
      });
    },
  };
}

const inSession = (sealed: string, sent: SentToStage = { message: CALL }): SentToStage => ({
  ...sent,
  headers: { ...sent.headers, 'mcp-session-id': sealed },
});

const open = (gateway: Staged, id = 'own') => gateway.state.sessions.open(gateway.server, ALICE, id, NOW);
const isOpenAfter = (sent: SentToStage, status: number) => {
  const gateway = stageGateway();
  answerWith(gateway, inSession(open(gateway), sent), status);
  return gateway.state.sessions.countOf(ALICE) === 1;
};
const listFor = (id: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', id, result: { tools: [{ name: 'echo' }, { name: 'other' }] } });
const namesIn = (body: string) => [...body.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name);
const said = (status: number) => [['warn', expect.stringContaining('initialize'), { server: 'files', status }]];
const loggedAfter = (message: object, status: number, settings: StagedSettings = {}) => {
  const gateway = stageGateway(settings);
  answerWith(gateway, { message }, status);
  return gateway.logged;
};

describe('forwardStage', () => {
  it('hands nothing to an upstream for nobody, or for a place that is no server’s', () => {
    const gateway = stageGateway();
    for (const missing of [{ principal: null }, { server: null }] satisfies Partial<Exchange>[])
      expect(forward(gateway, { message: CALL, with: missing })).toMatchObject({
        result: { reason: 'internal' },
        handed: null,
      });
  });

  it('hands on what was judged, and of the headers only what may pass', () => {
    const gateway = stageGateway();
    const { result, handed, exchange } = forward(gateway, {
      message: CALL,
      headers: {
        authorization: 'Bearer abc',
        cookie: 'a=b',
        host: 'api.example',
        'user-agent': 'me',
        accept: 'application/json',
        'mcp-protocol-version': '2025-11-25',
        'mcp-method': 'tools/call',
        'mcp-name': 'echo',
        'last-event-id': '7',
      },
    });
    expect([result, exchange.answer === null, gateway.state.open.toArray()]).toEqual(['done', false, [exchange]]);
    expect(handed?.request).toEqual({
      httpMethod: 'POST',
      era: 'legacy',
      principal: ALICE,
      message: exchange.message,
      sessionId: null,
      subject: null,
      headers: Object.entries({
        'user-agent': 'me',
        accept: 'application/json',
        'content-type': 'application/json',
        'mcp-protocol-version': '2025-11-25',
        'mcp-method': 'tools/call',
        'mcp-name': 'echo',
      }).flat(),
    });
    expect(Buffer.from(handed?.request.message?.bytes ?? []).toString()).toBe(
      JSON.stringify({ jsonrpc: '2.0', ...CALL }),
    );
  });

  it('says what a client accepts that does not say it, and of no body what it is', () => {
    const gateway = stageGateway();
    const headersOf = (sent: SentToStage) => forward(gateway, sent).handed?.request.headers;
    expect(headersOf({ message: CALL })).toEqual([...ACCEPT, ...JSON_TYPE]);
    expect(headersOf({})).toEqual(ACCEPT);
    expect(forward(gateway, { method: 'DELETE' }).handed?.request.httpMethod).toBe('DELETE');
  });

  it('hands on the caller’s credential only where another issuer vouches for the caller', () => {
    const gateway = stageGateway();
    const subjectOf = (issuer: string | null) => {
      const principal = person('alice', { issuer });
      return forward(gateway, { message: CALL, with: { principal, subject: new Secret('abc') } }).handed?.request
        .subject;
    };
    expect(subjectOf('https://issuer.example')?.reveal()).toBe('abc');
    expect(subjectOf(null)).toBeNull();
  });

  describe('of sessions', () => {
    it('hands on the upstream’s own id of the caller’s session', () => {
      const gateway = stageGateway();
      const { handed, exchange } = forward(gateway, inSession(open(gateway), { headers: { 'last-event-id': '7' } }));
      expect([handed?.request.sessionId, exchange.sessionId]).toEqual(['own', 'own']);
      expect(handed?.request.headers).toEqual([...ACCEPT, 'last-event-id', '7']);
      expect(forward(gateway, inSession(open(gateway), {})).handed?.request.headers).toEqual(ACCEPT);
    });

    it('hands on nothing in a session of somebody else, or one that ended', () => {
      const gateway = stageGateway();
      const sealed = open(gateway);
      const stranger = { principal: person('bob') };
      for (const sent of [inSession(sealed, { message: CALL, with: stranger }), inSession('own'), inSession('')])
        expect(forward(gateway, sent)).toMatchObject({ result: { reason: 'session-unknown' }, handed: null });
      gateway.state.sessions.end(sealed);
      expect(forward(gateway, inSession(sealed))).toMatchObject({
        result: { reason: 'session-unknown' },
        handed: null,
      });
    });

    it('knows none in 2026-07-28, whatever either side says', () => {
      const gateway = stageGateway();
      const sent = inSession(open(gateway), { message: CALL, with: { era: 'modern' } });
      const { handed, headers } = answerWith(gateway, sent, 200, ['mcp-session-id', 'new']);
      expect([handed?.request.sessionId, headers]).toEqual([
        null,
        expect.not.objectContaining({ 'mcp-session-id': 'new' }),
      ]);
      const started = answerWith(gateway, { message: INITIALIZE, with: { era: 'modern' } }, 200, [
        'mcp-session-id',
        'new',
      ]);
      expect(started.headers).not.toHaveProperty('mcp-session-id');
      expect(gateway.state.sessions.countOf(ALICE)).toBe(1);
    });

    it('seals the id of a session that initialize opens', () => {
      const gateway = stageGateway();
      const sent = { message: INITIALIZE, with: { opening: true, principal: ALICE } };
      const { exchange, headers } = answerWith(gateway, sent, 200, [
        'mcp-session-id',
        'new',
        'x-other',
        'mcp-session-id',
      ]);
      const sealed = headers['mcp-session-id'] ?? '';
      expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-other': 'mcp-session-id' });
      expect(sealed).toMatch(/^new\.[0-9a-f]{32}$/);
      expect(gateway.state.sessions.unseal(gateway.server, ALICE, sealed, NOW)).toBe('new');
      expect(exchange.opening).toBe(false);
    });

    it('opens none where the server has none', () => {
      const gateway = stageGateway();
      expect(answerWith(gateway, { message: INITIALIZE }, 200).headers).not.toHaveProperty('mcp-session-id');
      expect(gateway.state.sessions.countOf(ALICE)).toBe(0);
    });

    it('lets no other answer open one, and gives the caller its own id back', () => {
      const gateway = stageGateway();
      const sealed = open(gateway);
      expect(answerWith(gateway, { message: CALL }, 200, ['mcp-session-id', 'new']).headers).not.toHaveProperty(
        'mcp-session-id',
      );
      const other = answerWith(gateway, inSession(sealed), 200, ['mcp-session-id', 'new']);
      expect(other.headers).not.toHaveProperty('mcp-session-id');
      const stream = answerWith(gateway, inSession(sealed, {}), 200, ['mcp-session-id', 'new']);
      expect([stream.status, stream.headers]).toEqual([200, expect.not.objectContaining({ 'mcp-session-id': 'new' })]);
      const same = answerWith(gateway, inSession(sealed), 200, ['mcp-session-id', 'own']);
      expect(same.headers['mcp-session-id']).toBe(sealed);
      expect(answerWith(gateway, inSession(sealed), 200).headers).not.toHaveProperty('mcp-session-id');
      expect(gateway.state.sessions.countOf(ALICE)).toBe(1);
    });

    it('ends one when the upstream says that it is over', () => {
      expect(isOpenAfter({ method: 'DELETE' }, 204)).toBe(false);
      expect(isOpenAfter({ message: CALL }, 404)).toBe(false);
      expect(isOpenAfter({ method: 'DELETE' }, 405)).toBe(true);
      expect(isOpenAfter({}, 404)).toBe(true);
      expect(isOpenAfter({ message: CALL }, 200)).toBe(true);
      // A header that is ignored names no session to end.
      expect(isOpenAfter({ message: CALL, with: { era: 'modern' } }, 404)).toBe(true);
    });
  });

  describe('of what the caller may see', () => {
    const settings: StagedSettings = { server: { policy: toPolicy({ echo: [] }) } };

    it('shows of lists what the caller may use', () => {
      const gateway = stageGateway(settings);
      const { body } = answerWith(gateway, { message: { id: 1, method: 'tools/list' } }, 200, [], listFor(1));
      expect(namesIn(body)).toEqual(['echo']);
    });

    it('filters a stream that answers no message', () => {
      const { handed, exchange } = forward(stageGateway(settings), {});
      handed?.answer.start(200, EVENTS);
      handed?.answer.end(`data: ${listFor(1)}\n\n`);
      expect(namesIn(writtenTo(exchange).body)).toEqual(['echo']);
    });

    it('passes on as it is what can be no list', () => {
      const gateway = stageGateway(settings);
      const { body } = answerWith(gateway, { message: CALL }, 200, [], listFor(1));
      expect(namesIn(body)).toEqual(['echo', 'other']);
      const ended = answerWith(gateway, inSession(open(gateway), { method: 'DELETE' }), 200, [], 'ended');
      expect([ended.status, ended.body]).toEqual([200, 'ended']);
    });

    it('filters the answer to a call of the same id and session as a list that was not answered', () => {
      const gateway = stageGateway(settings);
      const sealed = gateway.state.sessions.open(gateway.server, ALICE, 'own', NOW);
      forward(gateway, inSession(sealed, { message: { id: 7, method: 'tools/list' } }));
      const call = (id: unknown) =>
        namesIn(answerWith(gateway, inSession(sealed, { message: { ...CALL, id } }), 200, [], listFor(id)).body);
      expect([call(8), call(7)]).toEqual([['echo', 'other'], ['echo']]);
      // In 2026-07-28 that header names no session, and what is asked there is asked in none.
      const modern = { message: { id: 9, method: 'tools/list' }, with: { era: 'modern' } } as const;
      forward(gateway, inSession(sealed, modern));
      expect(call(9)).toEqual(['echo', 'other']);
    });
  });

  it('refuses in the caller’s terms what the upstream could not do, and cuts what had begun', () => {
    const gateway = stageGateway();
    const { handed, exchange } = forward(gateway);
    handed?.answer.fail(refuse('upstream-unreachable'));
    expect([writtenTo(exchange).status, exchange.outcome]).toEqual([502, refuse('upstream-unreachable')]);
  });

  it('closes a stream that says nothing for as long as it may', () => {
    const gateway = stageGateway({ limits: { streamIdleMs: 1234 } });
    const { handed, exchange } = forward(gateway, {});
    const timed = vi.spyOn(exchange.request.socket, 'setTimeout');
    handed?.answer.start(200, EVENTS);
    expect(timed.mock.calls).toEqual([[1234]]);
  });

  it('adds what the caller needs besides: headers of CORS, and the nonce of its next proof', () => {
    const gateway = stageGateway();
    const headersWith = (more: Partial<Exchange>) => answerWith(gateway, { message: CALL, with: more }, 200).headers;
    expect(headersWith({ origin: 'https://app.example' })).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
    });
    expect(headersWith({ proofNonce: 'n1' })).toMatchObject({ 'dpop-nonce': 'n1' });
    for (const name of ['access-control-allow-origin', 'dpop-nonce', 'vary'])
      expect(headersWith({})).not.toHaveProperty(name);
  });

  it('tells the log of a server that takes no initialize, and of nothing else', () => {
    expect(loggedAfter(INITIALIZE, 404)).toEqual(said(404));
    expect(loggedAfter(INITIALIZE, 405)).toEqual(said(405));
    expect(loggedAfter(INITIALIZE, 400)).toEqual([]);
    expect(loggedAfter(CALL, 404)).toEqual([]);
    expect(loggedAfter(INITIALIZE, 404, { upstream: { kind: 'stdio' } })).toEqual([]);
  });

  it('posts what was made of a plain request, however that came', () => {
    const message = { id: PLAIN, method: 'tools/list' };
    const { handed } = forward(stageGateway(), {
      method: 'GET',
      target: '/mcp/tools',
      message,
      with: { era: 'modern' },
    });
    expect(handed?.request).toMatchObject({ httpMethod: 'POST', message: { method: 'tools/list' } });
  });

  it('answers a plain call itself, of the answer only what such a caller reads', async () => {
    const gateway = stageGateway();
    const sent: SentToStage = { target: '/mcp/tools/call', message: { ...CALL, id: PLAIN }, with: { era: 'modern' } };
    const { result, handed, exchange } = forward(gateway, sent);
    expect([result, exchange.answer === null, gateway.state.open.size]).toEqual(['done', false, 1]);
    handed?.answer.start(200, JSON_TYPE);
    handed?.answer.end(JSON.stringify({ jsonrpc: '2.0', id: PLAIN, result: { content: [] } }));
    await new Promise(setImmediate);
    expect(writtenTo(exchange).body).toBe('{"result":{"content":[]}}');
  });

  describe('for a stream of HTTP+SSE', () => {
    afterEach(() => void vi.useRealTimers());

    it('answers the POST at once, and puts the answer on the stream', async () => {
      const gateway = stageGateway();
      const { post, heard } = openStream(gateway);
      const { result, exchange, handed } = post(CALL);
      expect([result, writtenTo(exchange).status, writtenTo(exchange).body]).toEqual(['done', 202, '']);
      expect(gateway.state.open.toArray()).toEqual([exchange]);
      expect(exchange.answer?.closed()).toBe(false);
      const response = { jsonrpc: '2.0', id: 1, result: {} };
      handed?.answer.start(200, JSON_TYPE);
      handed?.answer.end(JSON.stringify(response));
      expect(await heard()).toEqual([response]);
      expect(gateway.state.open.size).toBe(0);
    });

    it('refuses the POST where the upstream refuses at once', () => {
      const gateway = stageGateway({
        upstream: { forward: (_request, answer) => answer.fail(refuse('upstream-timeout')) },
      });
      const { exchange } = openStream(gateway).post(CALL);
      expect([writtenTo(exchange).status, exchange.outcome?.reason]).toEqual([504, 'upstream-timeout']);
    });

    it('tells on the stream what went wrong later', async () => {
      const { post, heard } = openStream(stageGateway());
      post(CALL).handed?.answer.fail(refuse('upstream-timeout'));
      expect(await heard()).toEqual([expect.objectContaining({ id: 1, error: expect.anything() })]);
    });

    it('gives a cancelled call no answer, whatever the upstream says of it', async () => {
      const { post, heard } = openStream(stageGateway());
      const call = post(CALL);
      const cancelled = post({ method: 'notifications/cancelled', params: { requestId: 1 } });
      expect(cancelled.handed?.request.message?.cancels).toBe('1');
      call.handed?.answer.fail(refuse('upstream-timeout'));
      expect(await heard()).toEqual([]);
    });

    it('goes on in time, in the call’s session, with an answer that ended early', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const gateway = stageGateway({ server: { policy: toPolicy({ echo: [] }) }, limits: { callMaxMs: 5000 } });
      const { post, heard } = openStream(gateway);
      const sealed = gateway.state.sessions.open(gateway.server, ALICE, 'own', NOW);
      const { handed } = post(CALL, inSession(sealed));
      handed?.answer.start(200, EVENTS);
      handed?.answer.end('id: 7\nretry: 200\ndata:\n\n');
      vi.advanceTimersByTime(199);
      expect(gateway.handed).toHaveLength(1);
      vi.advanceTimersByTime(1);
      const { request, answer: next } = gateway.handed[1] ?? {};
      expect(request).toMatchObject({ httpMethod: 'GET', message: null, sessionId: 'own' });
      expect(request?.headers.join()).toContain('last-event-id,7');
      // What was told of a list before may come there too.
      const list = { jsonrpc: '2.0', id: 9, result: { tools: [{ name: 'echo' }, { name: 'other' }] } };
      next?.start(200, EVENTS);
      next?.write(`data: ${JSON.stringify(list)}\n\n`);
      expect(await heard()).toEqual([{ ...list, result: expect.objectContaining({ tools: [{ name: 'echo' }] }) }]);
      vi.advanceTimersByTime(4800);
      expect((await heard()).slice(1)).toEqual([expect.objectContaining({ id: 1, error: expect.anything() })]);
    });

    it('does not go on with an answer that nobody waits for', () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const gateway = stageGateway();
      const { post, stream } = openStream(gateway);
      const sealed = gateway.state.sessions.open(gateway.server, ALICE, 'own', NOW);
      const { handed } = post(CALL, inSession(sealed));
      handed?.answer.start(200, EVENTS);
      handed?.answer.end('id: 7\ndata:\n\n');
      stream.closed();
      vi.advanceTimersByTime(60_000);
      expect(gateway.handed).toHaveLength(1);
    });

    it('listens to what belongs to no message once the upstream took notifications/initialized', () => {
      const gateway = stageGateway();
      const { post, stream } = openStream(gateway);
      const headers = { 'mcp-protocol-version': '2025-06-18' };
      const { handed } = post(INITIALIZED, { headers });
      expect(stream.listening).toBe(false);
      handed?.answer.start(202, []);
      handed?.answer.end();
      expect(gateway.handed[1]?.request).toMatchObject({
        httpMethod: 'GET',
        headers: ['accept', 'text/event-stream', 'mcp-protocol-version', '2025-06-18'],
      });
    });
  });
});
